using Skald.Bench.Targets;

namespace Skald.Bench.Measuring;

/// <summary>How one run ended: with readings, or with what went wrong.</summary>
internal sealed record Outcome(Trial Trial, Target Target, int Round, Readings? Readings, string? Fault);

/// <summary>All runs of one scenario.</summary>
/// <param name="Baseline">The name of the target that the others are compared with, if any.</param>
/// <param name="Outcomes">The runs, in their order.</param>
internal sealed record ScenarioResult(IScenario Scenario, string? Baseline, IReadOnlyList<Outcome> Outcomes);
