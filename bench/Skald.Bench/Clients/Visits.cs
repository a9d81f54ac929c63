using Skald.Bench.Load;

namespace Skald.Bench.Clients;

/// <summary>At fixed times someone comes to a room, and leaves it at once.</summary>
internal sealed class Visits(long firstDueAt, long interval, LoadLoop loop, Func<string> path) : LoopTimer(firstDueAt, interval)
{
    public bool IsStopped { get; set; }

    protected override void Fire(long dueAt)
    {
        if (!IsStopped)
            loop.Open(new Newcomer(path(), isLast: () => true));
    }
}
