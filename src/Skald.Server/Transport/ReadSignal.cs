using System.Threading.Tasks.Sources;

namespace Skald.Server.Transport;

/// <summary>
/// Tells the one who reads a socket that there may be something to read. Set from any thread; one waits, without an allocation.
/// </summary>
internal sealed class ReadSignal : IValueTaskSource<int>
{
    private const int NothingThere = 0, SomethingThere = 1, Awaited = 2;

    private ManualResetValueTaskSourceCore<int> _waiter = new() { RunContinuationsAsynchronously = true };
    private int _state;

    /// <summary>From here on whoever waits goes on inside <see cref="Set"/>, else on the pool.</summary>
    public void GoOnInPlace() => _waiter.RunContinuationsAsynchronously = false;

    /// <summary>There is something.</summary>
    public void Set()
    {
        if (Interlocked.Exchange(ref _state, SomethingThere) == Awaited)
            _waiter.SetResult(0);
    }

    /// <summary>Whatever was there is about to be read: what comes from here on sets it again.</summary>
    public void Clear() => Interlocked.Exchange(ref _state, NothingThere);

    /// <summary>
    /// Waits until it is set. Where it is already, others have their turn first, or a thread would go on with a peer for as long as
    /// that is the faster of the two.
    /// </summary>
    /// <returns>0, as an empty read does.</returns>
    public ValueTask<int> WaitAsync(CancellationToken cancellation)
    {
        _waiter.Reset();
        if (Interlocked.CompareExchange(ref _state, Awaited, NothingThere) != NothingThere)
            return TakeTurnsAsync();
        var waiting = new ValueTask<int>(this, _waiter.Version);
        return cancellation.CanBeCanceled ? OrCancelAsync(waiting, cancellation) : waiting;
    }

    private async ValueTask<int> OrCancelAsync(ValueTask<int> waiting, CancellationToken cancellation)
    {
        using (cancellation.UnsafeRegister(static signal => ((ReadSignal)signal!).Cancel(), this))
            return await waiting;
    }

    private void Cancel()
    {
        if (Interlocked.CompareExchange(ref _state, NothingThere, Awaited) == Awaited)
            _waiter.SetException(new OperationCanceledException());
    }

    private static async ValueTask<int> TakeTurnsAsync()
    {
        await Task.Yield();
        return 0;
    }

    int IValueTaskSource<int>.GetResult(short token) => _waiter.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _waiter.GetStatus(token);

    void IValueTaskSource<int>
        .OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _waiter.OnCompleted(continuation, state, token, flags);
}
