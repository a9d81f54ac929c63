namespace Skald.Bench.Load;

/// <summary>
/// Sends at fixed times, whatever the server does; the senders take turns. Latency counts from the intended time, so that a server
/// which holds one send up answers for those that had to wait behind it.
/// </summary>
internal sealed class OpenLoop(long firstDueAt, long interval, IReadOnlyList<ISender> senders) : LoopTimer(firstDueAt, interval)
{
    private int _next;

    public bool IsStopped { get; set; }

    protected override void Fire(long dueAt)
    {
        if (!IsStopped)
            senders[_next++ % senders.Count].Send(dueAt);
    }
}

internal interface ISender
{
    /// <param name="intendedAt">The time that latency counts from.</param>
    void Send(long intendedAt);
}
