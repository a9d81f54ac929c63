using Skald.Bench.Load;
using Skald.Bench.Targets;

namespace Skald.Bench.Measuring;

/// <summary>Lets the targets take turns, A B C A B C …, so that what disturbs the machine disturbs them all alike.</summary>
internal sealed class SideBySide(CommonOptions options, LoadSide load, IReadOnlyList<Target> targets) : IAsyncDisposable
{
    private readonly Dictionary<Target, Deployment> _running = [];

    /// <summary>How many runs a scenario takes.</summary>
    public int RunsOf(IScenario scenario) => options.Rounds * scenario.Trials.Sum(trial => targets.Count(trial.IsFor));

    /// <param name="starting">Is told of each run before it.</param>
    /// <param name="ended">Is told of each run after it.</param>
    /// <param name="cancellation">Ends it early.</param>
    public async Task<ScenarioResult> RunAsync(
        IScenario scenario, Action<Trial, Target, int> starting, Action<Outcome> ended, CancellationToken cancellation)
    {
        var outcomes = new List<Outcome>();
        foreach (var trial in scenario.Trials)
        {
            for (var round = 1; round <= options.Rounds; round++)
            {
                foreach (var target in targets.Where(trial.IsFor))
                {
                    starting(trial, target, round);
                    var outcome = await RunOnceAsync(scenario, trial, target, round, cancellation);
                    outcomes.Add(outcome);
                    ended(outcome);
                }
            }
        }

        await StopAllAsync();
        return new ScenarioResult(scenario, options.Baseline ?? scenario.Baseline, outcomes);
    }

    public async ValueTask DisposeAsync() => await StopAllAsync();

    private async Task<Outcome> RunOnceAsync(IScenario scenario, Trial trial, Target target, int round, CancellationToken cancellation)
    {
        try
        {
            var running = await RunningAsync(target, scenario, trial.Nodes ?? 1, cancellation);
            await load.StartRunAsync(running.Nodes[0].Port);
            var readings = await trial.RunAsync(new Run(load, running, options.WarmUp, options.Duration, cancellation));
            await load.CloseAllAsync();
            return new Outcome(trial, target, round, readings, Fault: null);
        }
        catch (Exception failed) when (failed is RunFailedException or HttpRequestException or IOException)
        {
            var said = string.Join('\n', _running.GetValueOrDefault(target)?.Nodes.Select(node => node.LastLines) ?? []);
            await load.CloseAllAsync();
            await StopAsync(target);
            var fault = string.IsNullOrEmpty(said) ? failed.Message : $"{failed.Message}\n{said}";
            return new Outcome(trial, target, round, Readings: null, fault);
        }
    }

    private async Task<Deployment> RunningAsync(Target target, IScenario scenario, int nodes, CancellationToken cancellation)
    {
        if (scenario.StartsAnew || (_running.TryGetValue(target, out var other) && other.Nodes.Count != nodes))
            await StopAsync(target);
        if (!_running.TryGetValue(target, out var running))
        {
            var servers = new ServerOptions(options.Workspace, options.ServerCores, scenario.ServerArguments, options.ServerEnvironment);
            running = await Deployment.StartAsync(target, nodes, servers, cancellation);
            _running.Add(target, running);
        }

        if (running.Nodes[0].Accounts is { } accounts)
            await accounts.FreshenAsync(cancellation);
        return running;
    }

    private async Task StopAllAsync()
    {
        foreach (var target in _running.Keys.ToList())
            await StopAsync(target);
    }

    private async Task StopAsync(Target target)
    {
        if (_running.Remove(target, out var running))
            await running.DisposeAsync();
    }
}
