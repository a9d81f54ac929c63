using Skald.Bench.Measuring;

namespace Skald.Bench.Reports;

/// <summary>The words of a scenario's table, for whatever draws it.</summary>
internal static class TableText
{
    public static List<string> Head(IScenario scenario) =>
    [
        "target",
        .. scenario.Figures.Select(figure => figure.Title),
        .. ComparedWith(scenario).Select(figure => $"{figure.Name} ÷ {scenario.Baseline}"),
    ];

    public static List<string> Cells(IScenario scenario, Row row) =>
    [
        row.Failed == 0 ? row.Target.Name : $"{row.Target.Name} ({row.Failed} of {row.Outcomes.Count} failed)",
        .. scenario.Figures.Select(figure => row.Median(figure) is { } value ? figure.Format(value) : "-"),
        .. ComparedWith(scenario).Select(figure => row.Target.Name == scenario.Baseline ? "1" : row.Ratio(figure)?.ToString() ?? "-"),
    ];

    private static IEnumerable<Figure> ComparedWith(IScenario scenario) => scenario.Baseline is null ? [] : scenario.Compared;
}
