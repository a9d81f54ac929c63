using Skald.Bench.Load;
using Skald.Bench.Measuring;
using Skald.Bench.Reports;
using Skald.Bench.Sockets;
using Skald.Bench.Targets;
using Spectre.Console;

namespace Skald.Bench;

/// <summary>A whole run of the bench: build, measure side by side, report.</summary>
internal static class BenchRun
{
    /// <returns>The exit code: 1 when a run failed.</returns>
    public static async Task<int> RunAsync(CommonOptions options, IReadOnlyList<IScenario> scenarios, CancellationToken cancellation)
    {
        var trials = scenarios.SelectMany(scenario => scenario.Trials).ToList();
        var targets = options.Targets.Where(target => trials.Exists(trial => trial.IsFor(target))).ToList();
        if (options.Workspace.Publishes)
            await PublishAsync(options.Workspace, targets, cancellation);

        // From here on nothing of this process gets in the servers' way.
        CurrentThread.RunProcessOn(options.LoadCores.Cores);
        var results = await MeasureAsync(options, scenarios, targets, cancellation);

        var facts = MachineFacts.Read(options);
        foreach (var result in results)
            ConsoleReport.Write(result);
        if (options.Json is { } json)
            await JsonReport.WriteAsync(json, facts, results, cancellation);
        if (options.Markdown is { } markdown)
            await File.WriteAllTextAsync(markdown, MarkdownReport.Write(facts, results), cancellation);
        foreach (var result in results)
        {
            if (result.Scenario.Picture is { } picture)
                await File.WriteAllTextAsync(picture, Picture.Draw(result), cancellation);
        }

        return results.Any(result => result.Outcomes.Any(outcome => outcome.Fault is not null)) ? 1 : 0;
    }

    private static Task PublishAsync(Workspace workspace, IReadOnlyList<Target> targets, CancellationToken cancellation) =>
        AnsiConsole.Status().StartAsync("Publishing", async status =>
        {
            foreach (var target in targets)
            {
                status.Status($"Publishing {target.Name}");
                await target.PublishAsync(workspace, cancellation);
            }
        });

    private static async Task<List<ScenarioResult>> MeasureAsync(
        CommonOptions options, IReadOnlyList<IScenario> scenarios, IReadOnlyList<Target> targets, CancellationToken cancellation)
    {
        using var load = new LoadSide(options.LoadCores);
        await using var sideBySide = new SideBySide(options, load, targets);
        var results = new List<ScenarioResult>();
        await LiveProgress.ShowAsync(scenarios.Sum(sideBySide.RunsOf), async progress =>
        {
            foreach (var scenario in scenarios)
            {
                results.Add(await sideBySide.RunAsync(
                    scenario,
                    (trial, target, round) => progress.Starting($"{scenario.Name}: {trial.Name} · {target.Name} · round {round}"),
                    outcome => progress.Ended(scenario, outcome),
                    cancellation));
            }
        });
        return results;
    }
}
