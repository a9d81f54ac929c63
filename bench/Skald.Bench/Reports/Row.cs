using Skald.Bench.Measuring;
using Skald.Bench.Targets;

namespace Skald.Bench.Reports;

/// <summary>One target in one trial over all rounds: a line of a table.</summary>
internal sealed record Row(Trial Trial, Target Target, IReadOnlyList<Outcome> Outcomes, IReadOnlyDictionary<int, Readings> Baseline)
{
    public int Failed => Outcomes.Count(outcome => outcome.Fault is not null);

    public static IEnumerable<Row> Of(ScenarioResult result) =>
        from trial in result.Outcomes.GroupBy(outcome => outcome.Trial)
        let baseline = trial
            .Where(outcome => outcome.Target.Name == result.Baseline && outcome.Readings is not null)
            .ToDictionary(outcome => outcome.Round, outcome => outcome.Readings!)
        from target in trial.GroupBy(outcome => outcome.Target)
        select new Row(trial.Key, target.Key, [.. target], baseline);

    /// <summary>The median over the rounds that did not fail.</summary>
    public double? Median(Figure figure) => Spread.Of(Succeeded(figure).Select(pair => pair.Value))?.Median;

    /// <summary>The ratios to the baseline of the same round.</summary>
    public Spread? Ratio(Figure figure) => Spread.Of(
        from pair in Succeeded(figure)
        where Baseline.TryGetValue(pair.Round, out var baseline) && baseline.ContainsKey(figure)
        select pair.Value / Baseline[pair.Round][figure]);

    private IEnumerable<(int Round, double Value)> Succeeded(Figure figure) =>
        from outcome in Outcomes
        let readings = outcome.Readings
        where readings is not null && readings.ContainsKey(figure)
        select (outcome.Round, readings[figure]);
}
