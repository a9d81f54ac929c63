using Skald.Bench.Measuring;

namespace Skald.Bench.Reports;

/// <summary>The words of a scenario's table, for whatever draws it.</summary>
internal static class TableText
{
    public static List<string> Head(ScenarioResult result) =>
    [
        "target",
        .. result.Scenario.Figures.Select(figure => figure.Title),
        .. ComparedWith(result).Select(figure => $"{figure.Name} ÷ {result.Baseline}"),
    ];

    public static List<string> Cells(ScenarioResult result, Row row) =>
    [
        row.Failed == 0 ? row.Target.Name : $"{row.Target.Name} ({row.Failed} of {row.Outcomes.Count} failed)",
        .. result.Scenario.Figures.Select(figure => row.Median(figure) is { } value ? figure.Format(value) : "-"),
        .. ComparedWith(result).Select(figure => row.Target.Name == result.Baseline ? "1" : row.Ratio(figure)?.ToString() ?? "-"),
    ];

    private static IEnumerable<Figure> ComparedWith(ScenarioResult result) => result.Baseline is null ? [] : result.Scenario.Compared;
}
