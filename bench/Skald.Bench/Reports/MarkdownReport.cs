using System.Globalization;
using System.Text;
using Skald.Bench.Measuring;

namespace Skald.Bench.Reports;

/// <summary>The tables as Markdown.</summary>
internal static class MarkdownReport
{
    public static string Write(MachineFacts facts, IReadOnlyList<ScenarioResult> results)
    {
        var text = new StringBuilder().Append(facts).Append('\n');
        foreach (var result in results)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {result.Scenario.Name}\n\n{result.Scenario.Purpose}\n");
            foreach (var trial in Row.Of(result).GroupBy(row => row.Trial))
                AppendTable(text, result, trial);
            foreach (var (trial, target, round, _, fault) in result.Outcomes.Where(outcome => outcome.Fault is not null))
            {
                var oneLine = fault!.ReplaceLineEndings(" ");
                text.Append(CultureInfo.InvariantCulture, $"\nFailed: {trial.Name}, {target.Name}, round {round}: {oneLine}\n");
            }
        }

        return text.ToString();
    }

    private static void AppendTable(StringBuilder text, ScenarioResult result, IGrouping<Trial, Row> trial)
    {
        var head = TableText.Head(result);
        text.Append(CultureInfo.InvariantCulture, $"\n**{trial.Key.Name}**\n\n");
        AppendLine(text, head);
        AppendLine(text, ["---", .. head.Skip(1).Select(_ => "--:")]);
        foreach (var row in trial)
            AppendLine(text, TableText.Cells(result, row));
    }

    private static void AppendLine(StringBuilder text, IEnumerable<string> cells) =>
        text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", cells)} |\n");
}
