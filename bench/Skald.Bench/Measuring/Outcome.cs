using Skald.Bench.Targets;

namespace Skald.Bench.Measuring;

/// <summary>How one run ended: with readings, or with what went wrong.</summary>
internal sealed record Outcome(Trial Trial, Target Target, int Round, Readings? Readings, string? Fault);

/// <summary>All runs of one scenario.</summary>
internal sealed record ScenarioResult(IScenario Scenario, IReadOnlyList<Outcome> Outcomes);
