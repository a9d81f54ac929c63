using Skald.Bench.Targets;

namespace Skald.Bench.Measuring;

/// <summary>One case of a scenario: a set of parameters, and what to do with them.</summary>
/// <param name="Name">The parameters in words.</param>
internal sealed record Trial(string Name, Func<Run, Task<Readings>> RunAsync)
{
    /// <summary>The number by which a picture orders the trials.</summary>
    public int Axis { get; init; }

    /// <summary>How many nodes it needs, on one PostgreSQL; null for a single server on its own.</summary>
    public int? Nodes { get; init; }

    /// <summary>Which targets can do it, of those that run as it needs.</summary>
    public Func<Target, bool> Suits { get; init; } = target => target.Dialect is not null;

    public bool IsFor(Target target) => target.NeedsPostgres == Nodes is not null && Suits(target);
}
