using System.Globalization;
using Skald.Bench.Measuring;
using Spectre.Console;

namespace Skald.Bench.Reports;

/// <summary>The tables at the end.</summary>
internal static class ConsoleReport
{
    public static void Write(ScenarioResult result)
    {
        var scenario = result.Scenario;
        AnsiConsole.Write(new Rule($"[bold]{scenario.Name}[/]").LeftJustified());
        AnsiConsole.WriteLine(scenario.Purpose);
        foreach (var trial in Row.Of(result).GroupBy(row => row.Trial))
            AnsiConsole.Write(TableOf(result, trial));
        foreach (var (trial, target, round, _, fault) in result.Outcomes.Where(outcome => outcome.Fault is not null))
            AnsiConsole.MarkupLineInterpolated(
                CultureInfo.InvariantCulture,
                $"[red]{trial.Name}, {target.Name}, round {round}: {fault}[/]");
    }

    private static Table TableOf(ScenarioResult result, IGrouping<Trial, Row> trial)
    {
        var table = new Table().RoundedBorder().Title(Markup.Escape(trial.Key.Name));
        foreach (var title in TableText.Head(result))
            table.AddColumn(new TableColumn(Markup.Escape(title)).RightAligned());
        table.Columns[0].LeftAligned();
        foreach (var row in trial)
            table.AddRow([.. TableText.Cells(result, row).Select(Markup.Escape)]);
        return table;
    }
}
