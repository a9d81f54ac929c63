namespace Skald.Server.Operations;

/// <summary>Whether this node should be sent traffic, and if not, why.</summary>
internal sealed class Readiness
{
    private volatile string? _reason = "starting";

    /// <summary>Null when ready, else a word: <c>starting</c>, <c>draining</c>, <c>storage_failed</c>.</summary>
    public string? NotReadyBecause => _reason;

    public void Ready() => _reason = null;

    /// <remarks>The first reason stays: draining after a storage failure is still a storage failure.</remarks>
    public void NotReady(string reason) => Interlocked.CompareExchange(ref _reason, reason, null);
}
