using System.Diagnostics.Metrics;
using Skald.Protocol;
using Skald.Server.Database;
using Skald.Server.Operations;
using Skald.Server.Rooms;

namespace Skald.Server.History;

/// <summary>
/// Reads the whole log in the order of its commits and does something for its entries: each at least once, those of a room in their
/// order.
/// </summary>
/// <remarks>
/// Its position is kept on disk, but only once everything up to it is done. So a follower that was killed does again what it did in the
/// last second, and leaves out nothing. It holds one page in memory, however far behind it is.
/// </remarks>
/// <param name="name">Under which the position is kept: for ever the same.</param>
/// <param name="changesOnly">Whether it wants only what was done to messages, and not the messages.</param>
/// <param name="log">The log.</param>
/// <param name="telemetry">Where an operator sees how far behind it is.</param>
/// <param name="clock">The server's.</param>
/// <param name="logger">Of the follower.</param>
internal abstract partial class LogFollower(
    string name, bool changesOnly, IFollowedLog log, Telemetry telemetry, TimeProvider clock, ILogger logger)
    : IDisposable
{
    /// <summary>Entries of a page: 8 MB at most, where a follower takes the longest texts whole.</summary>
    public const int PageEntries = 1_000;

    /// <summary>From a commit to the page that reads it, so that a busy log is not read commit by commit.</summary>
    public static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(100);

    /// <summary>From what was done until the position is kept: one write for all pages of this time.</summary>
    public static readonly TimeSpan KeepWithin = TimeSpan.FromSeconds(1);

    /// <summary>The same where nothing was to do: reading it once more costs little.</summary>
    private static readonly TimeSpan KeepNothingWithin = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _stopping = new();
    private volatile TaskCompletionSource _committed = New();
    private volatile LogSpan? _passed;   // entries that it wants nothing of, up to the newest
    private Task _running = Task.CompletedTask;
    private long _reached = -1;                   // -1: not known yet
    private long _end;
    private long _keepBy = long.MaxValue;         // when the position must be kept, by the clock's timestamps; MaxValue: it is
    private bool _hasEntries;                     // whether the page has any

    /// <summary>Forgets what was taken of a page: it is read again, or is done.</summary>
    protected abstract void Begin();

    /// <summary>Takes of an entry what is needed; it is valid during the call.</summary>
    protected abstract void Take(Room room, long position, in LogEntry entry);

    /// <summary>
    /// Does what is to be done for the entries that were taken since <see cref="Begin"/>: when it is done, they are not read again.
    /// </summary>
    /// <remarks>May throw, or be cancelled: then the page is read again, after a pause that doubles up to a minute.</remarks>
    protected abstract Task HandleAsync(CancellationToken cancellation);

    public void Start()
    {
        telemetry.Meter.CreateObservableGauge(
            "skald.follower.lag",
            () => new Measurement<long>(Lag, new KeyValuePair<string, object?>("skald.follower", name)),
            "{entry}",
            "Entries of the log that a follower (`skald.follower`) has not come to yet.");
        _running = Task.Run(RunAsync);
    }

    /// <summary>Entries that it has not come to yet.</summary>
    private long Lag => Volatile.Read(ref _reached) is var reached && reached < 0
        ? 0
        : Math.Max(0, Volatile.Read(ref _end) - PassedFrom(reached));

    /// <summary>A batch was committed: they are told in the order of their commits, by one thread. Waits for nothing.</summary>
    /// <remarks>
    /// Who wants changes only is not woken for messages, which are nearly all there is: reading that there was nothing to read took
    /// some hundredths of what the sends took, where they go to many rooms. What other nodes have stored it reads: of rooms without
    /// readers the batch has nothing.
    /// </remarks>
    public void Wake(Batch batch)
    {
        if (changesOnly && batch is { Span: { } span, Found: 0, Count: > 0, HasChanges: false })
            _passed = _passed is { } passed && passed.Last + 1 == span.First ? passed with { Last = span.Last } : span;
        else
            _committed.TrySetResult();
    }

    /// <summary>Ends it; what it was doing is done again after the next start.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _running;
    }

    /// <summary>Ends that of an application that is disposed of without having been stopped.</summary>
    public void Dispose() => _stopping.Cancel();

    private async Task RunAsync()
    {
        var pause = TimeSpan.Zero;
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                // Before the page is read: a commit that it misses ends the rest that follows.
                _committed = New();
                var isBehind = await ReadPageAsync();
                await KeepAsync(now: false);
                pause = TimeSpan.Zero;
                if (!isBehind)
                    await RestAsync();
            }
            catch (Exception) when (_stopping.IsCancellationRequested)
            {
                // Cancelled, or the storage has ended below it: what was begun is done again after the next start.
            }
            catch (Exception e)
            {
                pause = pause == TimeSpan.Zero ? FirstPause : pause < LongestPause / 2 ? 2 * pause : LongestPause;
                Log.Failed(logger, name, pause, e);
                await Task.Delay(pause, clock, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        try
        {
            Pass();
            await KeepAsync(now: true);
        }
        catch (StorageException)
        {
            // The next start does the last second again.
        }
    }

    /// <returns>Whether there is more to read.</returns>
    private async Task<bool> ReadPageAsync()
    {
        if (_reached < 0)
            _reached = await log.FindPositionAsync(name);
        Pass();
        Begin();
        _hasEntries = false;
        var page = await log.ReadAsync(new LogSelection(_reached, PageEntries) { ChangesOnly = changesOnly }, Visit);
        Volatile.Write(ref _end, page.End);
        if (_hasEntries)
        {
            await HandleAsync(_stopping.Token);
            Begin();
        }

        if (page.Reached > _reached)
            _keepBy = Math.Min(_keepBy, clock.GetTimestamp() + Ticks(_hasEntries ? KeepWithin : KeepNothingWithin));
        Volatile.Write(ref _reached, page.Reached);
        return page.Reached < page.End;
    }

    /// <summary>Goes on behind the entries that it wants nothing of.</summary>
    private void Pass()
    {
        if (_reached < 0 || PassedFrom(_reached) is var to && to == _reached)
            return;
        Volatile.Write(ref _reached, to);
        _keepBy = Math.Min(_keepBy, clock.GetTimestamp() + Ticks(KeepNothingWithin));
    }

    /// <returns>The position itself, where it wants something of the next entry, or does not know.</returns>
    private long PassedFrom(long position) =>
        _passed is { } passed && passed.First <= position + 1 ? Math.Max(position, passed.Last) : position;

    private void Visit(Room room, long position, in LogEntry entry)
    {
        _hasEntries = true;
        Take(room, position, entry);
    }

    /// <summary>Waits for a commit, and a little longer; or until the position must be kept, or has moved by what was passed.</summary>
    private async Task RestAsync()
    {
        try
        {
            var longest = _keepBy == long.MaxValue
                ? KeepNothingWithin
                : TimeSpan.FromSeconds(Math.Max(0, (double)(_keepBy - clock.GetTimestamp()) / clock.TimestampFrequency));
            await _committed.Task.WaitAsync(longest, clock, _stopping.Token);
        }
        catch (TimeoutException)
        {
            return;
        }

        await Task.Delay(Gather, clock, _stopping.Token);
    }

    private async Task KeepAsync(bool now)
    {
        if (_keepBy == long.MaxValue || (!now && clock.GetTimestamp() < _keepBy))
            return;
        await log.KeepPositionAsync(name, _reached);
        _keepBy = long.MaxValue;
    }

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * clock.TimestampFrequency);

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static partial class Log
    {
        [LoggerMessage(2003, LogLevel.Warning, "The follower {Name} of the log cannot go on; the next attempt is in {Pause}")]
        public static partial void Failed(ILogger logger, string name, TimeSpan pause, Exception cause);
    }
}
