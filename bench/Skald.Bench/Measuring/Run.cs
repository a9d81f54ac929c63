using Skald.Bench.Load;
using Skald.Bench.Targets;

namespace Skald.Bench.Measuring;

/// <summary>One target's turn in one round of one trial.</summary>
/// <param name="Load">The load side, with nothing open.</param>
/// <param name="Deployment">The target's nodes.</param>
/// <param name="WarmUp">How long the load runs before anything is read off.</param>
/// <param name="Duration">How long it is measured.</param>
/// <param name="Cancellation">Ends it early.</param>
internal sealed record Run(LoadSide Load, Deployment Deployment, TimeSpan WarmUp, TimeSpan Duration, CancellationToken Cancellation)
{
    /// <summary>Its only node, or the first.</summary>
    public RunningTarget Target => Deployment.Nodes[0];
}
