using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;

namespace Skald.Server.Cluster;

/// <summary>Announces over a bus: one payload is on its way at a time, and what is noted meanwhile goes with the next.</summary>
/// <remarks>
/// No timer gathers: the round trip does. A connection proves nothing: a pooler may take LISTEN and stay silent, and the other end of a
/// half-open connection is silence too. So a node listens for its own announcements, sends one where none came back for a while, and
/// makes the connection again where that does not come back either.
/// </remarks>
internal sealed partial class Announcements(
    IBus bus, AnnouncementMetrics metrics, TimeProvider clock, ILogger<Announcements> logger) : IAnnouncements, IDisposable
{
    /// <summary>From the last of its own announcements that was heard: until it sends a probe, and until it gives the way up.</summary>
    public static readonly TimeSpan ProbeAfter = TimeSpan.FromSeconds(5), SilentAfter = TimeSpan.FromSeconds(7);

    /// <summary>For the bus to take a payload.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>
    /// For the bus to connect: PostgreSQL's makes two connections, each by way of servers that may answer nothing for 2 s.
    /// </summary>
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(9);

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);

    private readonly string _node = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
    private readonly CancellationTokenSource _stopping = new();
    private readonly Channel<bool> _woken = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly Lock _gate = new();
    private readonly StringBuilder _signals = new();   // parts of the next payload
    private long? _grown;
    private bool _look;
    private bool _open;                                // whether signals are taken: the rest is told once the way is there
    private long _number;
    private long _heardItself;                         // when, by the clock's timestamps
    private int _saidAway;
    private Heard? _heard;
    private Task _running = Task.CompletedTask;

    public void Start(Heard heard)
    {
        _heard = heard;
        _running = Task.Run(RunAsync);
    }

    public void Grown(long end)
    {
        Note(end, look: false);
        Wake();
    }

    public void Look()
    {
        Note(grown: null, look: true);
        Wake();
    }

    public void Signal(string room, ReadOnlyMemory<byte> frame)
    {
        lock (_gate)
        {
            var bytes = Announcement.SignalBytes(room, frame.Length);
            if (!_open || Announcement.HeadBytes + _signals.Length + bytes > bus.MostBytes)
            {
                metrics.SignalDropped();
                return;
            }

            _signals.Append(Announcement.SignalPart(room, frame.Span));
        }

        Wake();
    }

    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _running;
    }

    /// <summary>Ends those of an application that is disposed of without having been stopped.</summary>
    public void Dispose() => _stopping.Cancel();

    private void Wake() => _woken.Writer.TryWrite(true);

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await ServeAsync();
            }
            catch (Exception e) when (!_stopping.IsCancellationRequested)
            {
                if (Interlocked.Exchange(ref _saidAway, 1) == 0)
                    Log.Away(logger, bus.Place, e);
                // Jitter: all nodes have lost the bus in the same moment.
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(50, 500)), clock, _stopping.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception) when (_stopping.IsCancellationRequested)
            {
                // Cancelled, or the connection has ended in the same moment.
            }
        }
    }

    /// <summary>Announces over one connection until it is lost.</summary>
    /// <exception cref="Exception">Why it is lost, or could not be made.</exception>
    private async Task ServeAsync()
    {
        var ended = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var link = await OpenAsync(cause =>
        {
            ended.TrySetResult(cause ?? new IOException("The connection has ended."));
            Wake();
        });
        metrics.Opened();
        Volatile.Write(ref _heardItself, clock.GetTimestamp());
        SetOpen(true);
        try
        {
            Tell(_heard!.Missed);
            await using var looks = clock.CreateTimer(_ => Wake(), state: null, BetweenLooks, BetweenLooks);
            await PublishAsync(link, probe: true);
            while (true)
            {
                await _woken.Reader.ReadAsync(_stopping.Token);
                if (ended.Task.IsCompleted)
                    throw await ended.Task;
                var silent = clock.GetElapsedTime(Volatile.Read(ref _heardItself));
                if (silent >= SilentAfter)
                    throw new TimeoutException($"Nothing was heard for {silent.TotalSeconds:0} s, not even its own announcements.");
                await PublishAsync(link, probe: silent >= ProbeAfter);
            }
        }
        finally
        {
            SetOpen(false);
        }
    }

    /// <summary>A connection that is there too late is closed.</summary>
    private async Task<IBusLink> OpenAsync(Action<Exception?> ended)
    {
        var opening = bus.OpenAsync(Receive, ended);
        try
        {
            return await opening.WaitAsync(ConnectPatience, clock, _stopping.Token);
        }
        catch (Exception) when (!opening.IsFaulted)
        {
            _ = opening.ContinueWith(
                async late =>
                {
                    if (late.IsCompletedSuccessfully)
                        await (await late).DisposeAsync();
                    _ = late.Exception;   // nobody waits for it any more
                },
                TaskScheduler.Default);
            throw;
        }
    }

    /// <summary>Publishes what was noted, if anything was. What did not go out goes with the next, but for signals.</summary>
    private async Task PublishAsync(IBusLink link, bool probe)
    {
        var (grown, look, payload) = TakeNoted(probe);
        if (payload is null)
            return;
        try
        {
            await link.PublishAsync(payload).WaitAsync(Patience, clock, _stopping.Token);
            metrics.Sent();
        }
        catch
        {
            Note(grown, look);
            throw;
        }
    }

    private void Note(long? grown, bool look)
    {
        lock (_gate)
        {
            _grown = grown is { } end ? Math.Max(end, _grown ?? end) : _grown;
            _look |= look;
        }
    }

    private void SetOpen(bool open)
    {
        lock (_gate)
        {
            _open = open;
            _signals.Clear();   // of another moment
        }
    }

    /// <returns>No payload where nothing was noted.</returns>
    private (long? Grown, bool Look, string? Payload) TakeNoted(bool probe)
    {
        lock (_gate)
        {
            if (!probe && !_look && _grown is null && _signals.Length == 0)
                return default;
            var (grown, look) = (_grown, _look);
            var payload = Announcement.Write(_node, ++_number, grown, look, _signals);
            (_grown, _look) = (null, false);
            _signals.Clear();
            return (grown, look, payload);
        }
    }

    /// <summary>On the bus's thread, one payload after the other.</summary>
    private void Receive(string payload)
    {
        if (!Announcement.TryRead(payload, out var announcement))
        {
            metrics.Heard();
            Tell(_heard!.Missed);
        }
        else if (announcement.Node == _node)
        {
            Volatile.Write(ref _heardItself, clock.GetTimestamp());
            if (Interlocked.Exchange(ref _saidAway, 0) != 0)
                Log.Back(logger, bus.Place);
        }
        else
        {
            metrics.Heard();
            if (announcement.Look)
                Tell(_heard!.Missed);
            if (announcement.Grown is { } end)
                Tell(() => _heard!.Grown(end));
            foreach (var (room, frame) in announcement.Signals)
                Tell(() => _heard!.Signal(room, frame));
        }
    }

    /// <summary>A fault of who is told must not end the connection, with which everybody else is told.</summary>
    private void Tell(Action what)
    {
        try
        {
            what();
        }
        catch (Exception e)
        {
            Log.NotTold(logger, e);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            10_000,
            LogLevel.Warning,
            "The nodes cannot announce to each other by {Place}: until it is back, each looks into the database once a second")]
        public static partial void Away(ILogger logger, string place, Exception cause);

        [LoggerMessage(10_001, LogLevel.Information, "The nodes announce to each other again by {Place}")]
        public static partial void Back(ILogger logger, string place);

        [LoggerMessage(10_002, LogLevel.Error, "What another node announced was not taken in")]
        public static partial void NotTold(ILogger logger, Exception cause);
    }
}
