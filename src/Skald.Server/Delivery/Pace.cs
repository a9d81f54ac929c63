using System.Diagnostics;

namespace Skald.Server.Delivery;

/// <summary>Tells the log when to begin its next commit: so that it is on disk when the fan-out before it ends, and no earlier.</summary>
/// <remarks>
/// A batch that is on disk before the delivery thread is free only waits. If its commit begins later instead, the batch has gathered
/// what was sent meanwhile, which costs one commit and one write for each reader. So nothing is held back that could have gone out,
/// and no delay is configured.
/// </remarks>
internal sealed class Pace
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _waiting;   // completed when the log may commit; null while it does not wait
    private long _commit;                     // how long the commit takes that waits, in ticks of Stopwatch
    private int _announced;                   // batches that the delivery thread has not begun; how many offers they need is not known yet
    private int _left;                        // offers left of the fan-out under way; only the delivery thread counts them down
    private int _releaseAt = -1;              // complete _waiting when _left is no more than this; -1: the log does not wait
    private int _offers;
    private long _begun;
    private double _offer;                    // how long an offer takes, in ticks, as a moving average

    /// <summary>Waits until the log may begin its next commit.</summary>
    /// <param name="commit">How long its next commit will take, in ticks of <see cref="Stopwatch"/>.</param>
    /// <remarks>The continuation may run on the delivery thread, between two offers: it must be short.</remarks>
    public Task CommitSlotAsync(long commit)
    {
        lock (_gate)
        {
            _commit = commit;
            if (_announced == 0 && Volatile.Read(ref _left) <= OffersIn(commit))
                return Task.CompletedTask;
            _waiting = new TaskCompletionSource();
            if (_announced == 0)
                Volatile.Write(ref _releaseAt, OffersIn(commit));
            return _waiting.Task;
        }
    }

    /// <summary>Called by the log: a batch is on disk and will be fanned out next.</summary>
    public void Announced()
    {
        lock (_gate)
            _announced++;
    }

    /// <summary>Called by the delivery thread as a fan-out begins.</summary>
    /// <param name="offers">How many readers are offered the batch.</param>
    public void Begin(int offers)
    {
        _begun = Stopwatch.GetTimestamp();
        _offers = offers;
        lock (_gate)
        {
            _announced--;
            Volatile.Write(ref _left, offers);
            Volatile.Write(ref _releaseAt, _waiting is null || _announced > 0 ? -1 : OffersIn(_commit));
        }

        if (offers <= Volatile.Read(ref _releaseAt))
            Release();
    }

    /// <summary>Called after each offer.</summary>
    public void Step()
    {
        var left = _left - 1;
        Volatile.Write(ref _left, left);
        if (left <= Volatile.Read(ref _releaseAt))
            Release();
    }

    /// <summary>Called when the fan-out has ended.</summary>
    public void End()
    {
        if (_offers > 0)
        {
            var offer = (double)(Stopwatch.GetTimestamp() - _begun) / _offers;
            _offer = _offer == 0 ? offer : _offer + ((offer - _offer) / 4);
        }

        // The log may have begun to wait after the last Step read _releaseAt: without this it would wait for the next fan-out.
        bool release;
        lock (_gate)
        {
            Volatile.Write(ref _left, 0);
            release = _announced == 0;
        }

        if (release)
            Release();
    }

    private int OffersIn(long ticks) => _offer == 0 ? 0 : (int)Math.Min(int.MaxValue, ticks / _offer);

    private void Release()
    {
        TaskCompletionSource? waiting;
        lock (_gate)
        {
            (waiting, _waiting) = (_waiting, null);
            Volatile.Write(ref _releaseAt, -1);
        }

        waiting?.SetResult();
    }
}
