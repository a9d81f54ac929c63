namespace Skald.Bench.Load;

/// <summary>Something that a loop does at given times.</summary>
internal abstract class LoopTimer(long firstDueAt, long interval)
{
    public long DueAt { get; private set; } = firstDueAt;

    /// <summary>Fires once for each time that has come; one that is late is made up for, not left out.</summary>
    public void FireIfDue(long now)
    {
        for (; DueAt <= now; DueAt += interval)
            Fire(DueAt);
    }

    protected abstract void Fire(long dueAt);
}
