using System.Threading.Tasks.Sources;

namespace Skald.Server.Transport;

/// <summary>
/// Signals the one reader of a socket that there may be data. Set from any thread; waiting allocates nothing.
/// </summary>
internal sealed class ReadSignal : IValueTaskSource<int>
{
    private const int Unset = 0, IsSet = 1, Awaited = 2;

    private ManualResetValueTaskSourceCore<int> _waiter = new() { RunContinuationsAsynchronously = true };
    private int _state;

    /// <summary>From here on the waiting reader continues inside <see cref="Set"/>; until then on the thread pool.</summary>
    public void RunContinuationsInline() => _waiter.RunContinuationsAsynchronously = false;

    /// <summary>There may be data: completes the wait, if there is one.</summary>
    public void Set()
    {
        if (Interlocked.Exchange(ref _state, IsSet) == Awaited)
            _waiter.SetResult(0);
    }

    /// <summary>Called before a read of the socket, so that data which arrives during the read sets the signal again.</summary>
    public void Clear() => Interlocked.Exchange(ref _state, Unset);

    /// <summary>
    /// Waits until it is set. If it is set already it still yields once: else a peer that sends faster than we read would keep the
    /// event loop to itself.
    /// </summary>
    /// <returns>0, as a zero-byte read.</returns>
    public ValueTask<int> WaitAsync(CancellationToken cancellation)
    {
        _waiter.Reset();
        if (Interlocked.CompareExchange(ref _state, Awaited, Unset) != Unset)
            return YieldAsync();
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
        if (Interlocked.CompareExchange(ref _state, Unset, Awaited) == Awaited)
            _waiter.SetException(new OperationCanceledException());
    }

    private static async ValueTask<int> YieldAsync()
    {
        await Task.Yield();
        return 0;
    }

    int IValueTaskSource<int>.GetResult(short token) => _waiter.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _waiter.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _waiter.OnCompleted(continuation, state, token, flags);
}
