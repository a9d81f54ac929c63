using Skald.Bench.Machine;

namespace Skald.Bench.Load;

/// <summary>All loops of the load side, one a core. Connections are spread over them.</summary>
internal sealed class LoadSide : IDisposable
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(10);

    private readonly LoadLoop[] _loops;
    private volatile string? _fault;
    private int _nextLoop;

    public LoadSide(CoreList cores)
    {
        _loops = [.. cores.Cores.Select(core => new LoadLoop(core, Fail))];
    }

    public IReadOnlyList<LoadLoop> Loops => _loops;

    /// <summary>Forgets the run before.</summary>
    public async Task StartRunAsync(int port)
    {
        await CloseAllAsync();
        foreach (var loop in _loops)
            loop.Port = port;
        await TakeStatsAsync();
        _fault = null;
    }

    /// <summary>The loop of the next connection, in turn.</summary>
    public LoadLoop NextLoop() => _loops[_nextLoop++ % _loops.Length];

    /// <summary>Opens connections and waits until each is ready.</summary>
    public async Task OpenAsync(IReadOnlyCollection<LoadConnection> connections, CancellationToken cancellation)
    {
        foreach (var group in connections.GroupBy(_ => NextLoop()).ToList())
        {
            var mine = group.ToList();
            await group.Key.PostAsync(() => mine.ForEach(group.Key.Open));
        }

        await UntilAsync(() => connections.All(connection => connection.IsReady), "every connection is ready", cancellation);
    }

    /// <summary>Does something with each of some connections, on its loop's thread.</summary>
    public static async Task OnLoopsOfAsync<TConnection>(IEnumerable<TConnection> connections, Action<TConnection> act)
        where TConnection : LoadConnection
    {
        foreach (var group in connections.GroupBy(connection => connection.Loop))
        {
            var mine = group.ToList();
            await group.Key.PostAsync(() => mine.ForEach(act));
        }
    }

    public async Task CloseAllAsync()
    {
        foreach (var loop in _loops)
            await loop.PostAsync(loop.CloseAll);
    }

    /// <summary>What was seen since the last call.</summary>
    public async Task<LoadStats> TakeStatsAsync()
    {
        var sum = new LoadStats();
        foreach (var loop in _loops)
            await loop.PostAsync(() => sum.Add(loop.TakeStats()));
        return sum;
    }

    /// <summary>
    /// Waits for something that comes true on the load side; a fault ends the wait, and so does a minute without success.
    /// </summary>
    public async Task UntilAsync(Func<bool> isTrue, string what, CancellationToken cancellation)
    {
        var deadline = Clock.Now + (60 * Clock.Second);
        while (!await SeenTrueAsync(isTrue))
        {
            ThrowIfFaulty();
            if (Clock.Now > deadline)
                throw new RunFailedException($"After a minute it is still not so that {what}.");
            await Task.Delay(Glance, cancellation);
        }
    }

    public async Task WaitAsync(TimeSpan time, CancellationToken cancellation)
    {
        await Task.Delay(time, cancellation);
        ThrowIfFaulty();
    }

    public void ThrowIfFaulty()
    {
        if (_fault is { } fault)
            throw new RunFailedException(fault);
    }

    public void Dispose()
    {
        foreach (var loop in _loops)
            loop.Dispose();
    }

    /// <summary>Looks from the loops' threads, so that what they wrote before is seen.</summary>
    private async Task<bool> SeenTrueAsync(Func<bool> isTrue)
    {
        foreach (var loop in _loops)
            await loop.PostAsync(static () => { });
        return isTrue();
    }

    private void Fail(string fault) => Interlocked.CompareExchange(ref _fault, fault, null);
}
