using System.Diagnostics;

namespace Skald.Server.Delivery;

/// <summary>Says when the log should begin its next commit: so that it is on disk when the fan-out before it ends, and no earlier.</summary>
/// <remarks>
/// A batch that is ready early only waits. One that begins late has gathered what was sent meanwhile: one commit for it, and one
/// write for each reader. So nothing is held back that could have gone out, and no delay is configured.
/// </remarks>
internal sealed class Pace
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _waiting;   // the log, for its turn
    private long _commit;                     // what its commit takes, in ticks of Stopwatch
    private bool _announced;                  // a batch waits for the delivery thread: what it costs is not known yet
    private int _left;                        // offers until the fan-out under way has ended; counted down by the delivery thread alone
    private int _callAt = -1;                 // the turn comes when so many are left
    private int _offers;
    private long _begun;
    private double _offer;                    // what an offer takes, in ticks; smoothed

    /// <summary>Waits for the log's turn.</summary>
    /// <param name="commit">How long its next commit will take, in ticks of <see cref="Stopwatch"/>.</param>
    /// <remarks>What follows may go on upon the delivery thread, between two offers: it must be short.</remarks>
    public Task TurnAsync(long commit)
    {
        lock (_gate)
        {
            _commit = commit;
            if (!_announced && Volatile.Read(ref _left) <= OffersIn(commit))
                return Task.CompletedTask;
            _waiting = new TaskCompletionSource();
            if (!_announced)
                Volatile.Write(ref _callAt, OffersIn(commit));
            return _waiting.Task;
        }
    }

    /// <summary>A batch is on disk, and will be fanned out next.</summary>
    public void Announced()
    {
        lock (_gate)
            _announced = true;
    }

    /// <summary>A fan-out begins.</summary>
    /// <param name="offers">To so many readers.</param>
    public void Begin(int offers)
    {
        _begun = Stopwatch.GetTimestamp();
        _offers = offers;
        lock (_gate)
        {
            _announced = false;
            Volatile.Write(ref _left, offers);
            Volatile.Write(ref _callAt, _waiting is null ? -1 : OffersIn(_commit));
        }

        if (offers <= Volatile.Read(ref _callAt))
            Call();
    }

    /// <summary>One reader had its offer.</summary>
    public void Step()
    {
        var left = _left - 1;
        Volatile.Write(ref _left, left);
        if (left <= Volatile.Read(ref _callAt))
            Call();
    }

    /// <summary>The fan-out has ended.</summary>
    public void End()
    {
        if (_offers > 0)
        {
            var offer = (double)(Stopwatch.GetTimestamp() - _begun) / _offers;
            _offer = _offer == 0 ? offer : _offer + ((offer - _offer) / 4);
        }

        // The log may have asked while the last step did not see it yet.
        bool call;
        lock (_gate)
        {
            Volatile.Write(ref _left, 0);
            call = !_announced;
        }

        if (call)
            Call();
    }

    private int OffersIn(long ticks) => _offer == 0 ? 0 : (int)Math.Min(int.MaxValue, ticks / _offer);

    private void Call()
    {
        TaskCompletionSource? waiting;
        lock (_gate)
        {
            (waiting, _waiting) = (_waiting, null);
            Volatile.Write(ref _callAt, -1);
        }

        waiting?.SetResult();
    }
}
