using System.Globalization;
using Skald.Bench.Measuring;
using Spectre.Console;

namespace Skald.Bench.Reports;

/// <summary>
/// What goes on, while it goes on: a bar over all runs, and a line for each that has ended. It draws between the runs only: during
/// one it would take time from the load side.
/// </summary>
internal sealed class LiveProgress(ProgressContext context, ProgressTask bar)
{
    public static Task ShowAsync(int runs, Func<LiveProgress, Task> work) =>
        AnsiConsole.Progress()
            .Columns(
                new ProgressBarColumn(),
                new PercentageColumn(),
                new RemainingTimeColumn(),
                new TaskDescriptionColumn { Alignment = Justify.Left })
            .AutoClear(true)
            .AutoRefresh(false)
            .StartAsync(context => work(new LiveProgress(context, context.AddTask("Starting", maxValue: runs))));

    public void Starting(string what)
    {
        bar.Description = Markup.Escape(what);
        context.Refresh();
    }

    public void Ended(IScenario scenario, Outcome outcome)
    {
        bar.Increment(1);
        var result = outcome.Readings is { } readings
            ? string.Join(", ", scenario.Figures.Take(2).Select(figure => $"{figure.Title} {figure.Format(readings[figure])}"))
            : "failed";
        var run = $"{scenario.Name}: {outcome.Trial.Name} · {outcome.Target.Name} · round {outcome.Round}:";
        AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[grey]{run}[/] {result}");
    }
}
