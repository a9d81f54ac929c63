namespace Skald.Server.Operations;

/// <summary>
/// Whether this node should be sent traffic, and if not, why: a set of reasons, each added and taken back by the code that knows of it.
/// </summary>
internal sealed class Readiness
{
    private int _reasons = (int)NotReadyReasons.Starting;
    private volatile bool _diskIsFull;

    /// <summary>
    /// Nothing can be stored for want of room. The node stays ready: reading goes on, and a proxy that took it out would end that too.
    /// </summary>
    public bool DiskIsFull
    {
        get => _diskIsFull;
        set => _diskIsFull = value;
    }

    /// <summary>What the node says of itself: <c>ready</c>, why not, or what it cannot do although it is.</summary>
    public string Word => NotReadyBecause ?? (DiskIsFull ? "storage_full" : "ready");

    /// <summary>Null when ready, else a word: of several reasons that for which an operator must do most.</summary>
    public string? NotReadyBecause => (NotReadyReasons)Volatile.Read(ref _reasons) switch
    {
        NotReadyReasons.None => null,
        var reasons when reasons.HasFlag(NotReadyReasons.LogEnded) => "log_ended",
        var reasons when reasons.HasFlag(NotReadyReasons.StorageFailed) => "storage_failed",
        var reasons when reasons.HasFlag(NotReadyReasons.Draining) => "draining",
        _ => "starting",
    };

    public bool Has(NotReadyReasons reason) => (Volatile.Read(ref _reasons) & (int)reason) != 0;

    public void Add(NotReadyReasons reason) => Interlocked.Or(ref _reasons, (int)reason);

    /// <summary>A reason holds no more. The others stay.</summary>
    public void TakeBack(NotReadyReasons reason)
    {
        if (Has(reason))   // asked after each commit: the usual case costs one read
            Interlocked.And(ref _reasons, ~(int)reason);
    }
}
