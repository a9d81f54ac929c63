using Skald.Bench.Targets;

namespace Skald.Bench.Measuring;

/// <summary>One case of a scenario: a set of parameters, and what to do with them.</summary>
/// <param name="Name">The parameters in words.</param>
internal sealed record Trial(string Name, Func<Run, Task<Readings>> RunAsync)
{
    /// <summary>The number by which a picture orders the trials.</summary>
    public int Axis { get; init; }

    /// <summary>Which targets can do it.</summary>
    public Func<Target, bool> Suits { get; init; } = target => target.Dialect is not null;
}
