using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Database;
using Skald.Server.Operations;
using Skald.Server.Rooms;

namespace Skald.Server.History;

/// <summary>The logs of all rooms: takes drafts from any thread and stores them in batches, one after the other.</summary>
/// <remarks>
/// Group commit without a timer: while one batch is on its way to disk, and while the one before is fanned out, the next one gathers.
/// So a lone message waits for one fsync, and ten thousand wait for few.
/// </remarks>
internal sealed partial class RoomLog(
    IMessageStore store,
    NodeCursor cursor,
    IOptions<LogLimits> limits,
    Readiness readiness,
    LogMetrics metrics,
    IHostApplicationLifetime host,
    ILogger<RoomLog> logger)
{
    private static readonly ChatError QueueFull = new StorageException(ErrorCode.Overloaded).Error;
    private static readonly ChatError Stopped = new(
        ErrorCode.ShuttingDown, "This server is going down; nothing was stored. Send it again to the next.");
    private static readonly ChatError Unknown = new StorageException(ErrorCode.ServerError).Error;

    private readonly int _batchSize = limits.Value.MessagesPerBatch;

    /// <summary>How long somebody waits for what other nodes have stored, where the database does not answer.</summary>
    private static readonly TimeSpan LongestCatchUp = TimeSpan.FromSeconds(2);

    // Synchronous continuations: the sender that finds the log idle hands the batch to the store itself, one thread hop less. A null
    // wakes the loop to look for what others have stored.
    private readonly Channel<Draft?> _queue = Channel.CreateBounded<Draft?>(
        new BoundedChannelOptions(limits.Value.QueuedMessages) { SingleReader = true, AllowSynchronousContinuations = true });

    private Task _running = Task.CompletedTask;
    private Predicate<Room> _hasReaders = _ => false;
    private int _woken;      // 1: a null is in the queue
    private volatile bool _stopped;
    private long _commit;   // what a commit takes, in ticks; smoothed

    public string Epoch => store.Epoch;

    /// <summary>Whether other nodes store in it too.</summary>
    public bool IsShared => cursor.IsShared;

    /// <summary>Queues a draft. Drafts of one caller for one room are stored in the order of its calls.</summary>
    /// <returns>Null when queued: its <see cref="Draft.Complete(ChatError?)"/> will be called. Else why it is refused.</returns>
    public ChatError? TryAppend(Draft draft)
    {
        draft.Trace?.Step("append");
        return _queue.Writer.TryWrite(draft) ? null : _stopped ? Stopped : QueueFull;
    }

    /// <inheritdoc cref="IMessageStore.ReadAsync"/>
    public Task ReadAsync(Room room, long first, long last, EntryVisitor visit) =>
        store.ReadAsync(room, Math.Max(first, room.FirstSeq), last, visit);

    /// <inheritdoc cref="IMessageStore.ReadMessagesAsync"/>
    public Task ReadMessagesAsync(Room room, long first, long last, bool newestFirst, MessageVisitor visit) =>
        store.ReadMessagesAsync(room, Math.Max(first, room.FirstSeq), last, newestFirst, visit);

    /// <param name="commitSlotAsync">
    /// Waits until the next commit should begin, which will take so many ticks of <see cref="Stopwatch"/>.
    /// </param>
    /// <param name="onCommitted">
    /// Takes every batch once it is on disk, in the order of the whole log. It may wait, and so slow the log down to what delivery can
    /// carry.
    /// </param>
    /// <param name="hasReaders">Whether a room has readers here: what other nodes store in others is not announced.</param>
    public async Task StartAsync(Func<long, Task> commitSlotAsync, Action<Batch> onCommitted, Predicate<Room> hasReaders)
    {
        _hasReaders = hasReaders;
        await cursor.StartAsync();
        metrics.ObserveQueue(() => _queue.Reader.Count);
        _running = RunAsync(commitSlotAsync, onCommitted);
    }

    /// <summary>Another node says that the whole log reaches to this position. Waits for nothing.</summary>
    public void Heard(long end)
    {
        cursor.Heard(end);
        if (cursor.IsBehind)
            Wake();
    }

    /// <summary>
    /// Waits until everything that was stored before this call, by whichever node, is announced here; at once where this node alone
    /// stores.
    /// </summary>
    /// <returns>False where that is not known in time: the database does not answer.</returns>
    public async ValueTask<bool> CatchUpAsync()
    {
        if (!IsShared)
            return true;
        var asked = cursor.AskAsync();
        Wake();
        try
        {
            return !_stopped && await asked.WaitAsync(LongestCatchUp);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Stores what is queued, then ends. What comes after is refused.</summary>
    public async Task StopAsync()
    {
        _stopped = true;
        _queue.Writer.TryComplete();
        await _running;
        // The loop may have ended on the store's thread or on the delivery thread. The caller waits for those next, which it must not
        // do on them.
        await Task.Yield();
    }

    /// <summary>
    /// Runs the loop. Without it nothing is stored any more, so a fault that ends it ends the server, for systemd to restart.
    /// </summary>
    private async Task RunAsync(Func<long, Task> commitSlotAsync, Action<Batch> onCommitted)
    {
        try
        {
            await WriteAsync(commitSlotAsync, onCommitted);
        }
        catch (Exception e)
        {
            Log.Ended(logger, e);
            readiness.Add(NotReadyReasons.LogEnded);
            _stopped = true;
            _queue.Writer.TryComplete();
            Refuse(_queue.Reader.ReadAllAsync().ToBlockingEnumerable().OfType<Draft>(), Unknown);
            host.StopApplication();
        }
    }

    private async Task WriteAsync(Func<long, Task> commitSlotAsync, Action<Batch> onCommitted)
    {
        var drafts = new List<Draft>(_batchSize);
        while (await _queue.Reader.WaitToReadAsync())
        {
            await commitSlotAsync(_commit);
            Volatile.Write(ref _woken, 0);
            var asked = cursor.TakeAsked();   // before the batch is stored, which then knows of everything that was there before
            drafts.Clear();
            while (drafts.Count < _batchSize && _queue.Reader.TryRead(out var draft))
            {
                if (draft is not null)
                    drafts.Add(draft);
            }

            var batch = new Batch(drafts);
            var caughtUp = drafts.Count > 0 && await StoreAsync(batch)
                ? await AnnounceAsync(batch, onCommitted)
                : (asked is null && !cursor.IsBehind) || await FollowAsync(asked is not null, onCommitted);
            asked?.SetResult(caughtUp);
        }
    }

    /// <summary>Hands a batch on, and before it what others have stored since the one before: a reader gets all in order.</summary>
    /// <returns>False where that could not be read. Its rooms' readers find a hole then, and read the log.</returns>
    private async Task<bool> AnnounceAsync(Batch batch, Action<Batch> onCommitted)
    {
        if (batch.Span is not { } span)
        {
            onCommitted(batch);
            return true;
        }

        Batch? found;
        try
        {
            found = await ReadOnAsync(span.First - 1, last: span.First - 1, onCommitted);
        }
        catch (Exception e)
        {
            NoteNotFollowed(e);
            onCommitted(batch);
            return false;   // the cursor stays before it: the rest is read again, and who has it already is not given it twice
        }

        onCommitted(batch.Behind(found));
        cursor.MoveTo(span.Last);
        return true;
    }

    /// <summary>Announces what others have stored.</summary>
    /// <param name="toEnd">Whether the end is looked up, or is where others say.</param>
    /// <returns>False where it could not be read: the next look finds it.</returns>
    private async Task<bool> FollowAsync(bool toEnd, Action<Batch> onCommitted)
    {
        try
        {
            var end = toEnd ? await cursor.FindEndAsync() : cursor.HeardEnd;
            if (await ReadOnAsync(end, last: long.MaxValue, onCommitted) is { } found)
                onCommitted(found);
            return true;
        }
        catch (Exception e)
        {
            NoteNotFollowed(e);
            return false;
        }
    }

    /// <summary>Reads page by page until the cursor has come to a position, or moves no more: the log ends before it then.</summary>
    /// <param name="last">What lies behind is not read. What does not, and is of the last page, is.</param>
    /// <returns>The last page, which is still to be announced; null where there was nothing to read.</returns>
    private async Task<Batch?> ReadOnAsync(long position, long last, Action<Batch> onCommitted)
    {
        Batch? page = null;
        for (var from = -1L; cursor.Position > from && cursor.Position < position;)
        {
            from = cursor.Position;
            if (page is not null)
            {
                onCommitted(page);
                // The commit slot may have been given on the delivery thread, which alone makes room for the next batch: whoever waits
                // for that on it waits for ever.
                await Task.Yield();
            }

            page = await cursor.ReadAsync(last, _hasReaders);
        }

        return page;
    }

    /// <remarks>Of a database that is away the storage speaks, once.</remarks>
    private void NoteNotFollowed(Exception e)
    {
        if (e is not StorageException)
            Log.NotFollowed(logger, e);
    }

    private void Wake()
    {
        if (Interlocked.Exchange(ref _woken, 1) == 0)
            _queue.Writer.TryWrite(null);   // where it is full, the loop comes round anyway
    }

    private async Task<bool> StoreAsync(Batch batch)
    {
        var begun = Stopwatch.GetTimestamp();
        try
        {
            await store.AppendAsync(batch);
        }
        catch (Exception e)
        {
            // Whatever it was, the log goes on with the next batch, and these senders are told.
            var error = (e as StorageException)?.Error ?? Unknown;
            // Of a disk that is full or has failed the storage speaks once. A line for each batch would help to fill it.
            if (error.Code != ErrorCode.StorageFull && error.Code != ErrorCode.StorageFailed)
                Log.NotStored(logger, batch.Count, error.Code.Name, e);
            metrics.Refused(error.Code, batch.Count);
            if (e is StorageException && (error.Code == ErrorCode.StorageFailed || error.Code == ErrorCode.ServerError))
                readiness.Add(NotReadyReasons.StorageFailed);
            Refuse(batch, error);
            return false;
        }

        readiness.TakeBack(NotReadyReasons.StorageFailed);
        var taken = Stopwatch.GetTimestamp() - begun;
        _commit = taken < _commit || _commit == 0 ? taken : _commit + ((taken - _commit) / 32);
        foreach (var draft in batch)
        {
            // The state before the position: who sees that the log has come so far sees who may read it.
            if (draft.RoomAfter is { } after)
                draft.Room.Become(after);
            if (draft.End == DraftEnd.Stored)
                draft.Room.Reach(draft.Seq);
            draft.Trace?.Stored(draft, batch.Count);
        }

        metrics.Committed(begun, batch);
        return true;
    }

    /// <summary>Tells each sender. One that fails keeps the others, and the log, from nothing.</summary>
    private void Refuse(IEnumerable<Draft> drafts, ChatError error)
    {
        foreach (var draft in drafts)
        {
            try
            {
                draft.Refuse(error);
            }
            catch (Exception e)
            {
                Log.NotTold(logger, draft.Room.Name, e);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2000, LogLevel.Error, "{Count} messages were refused: {Code}")]
        public static partial void NotStored(ILogger logger, int count, string code, Exception cause);

        [LoggerMessage(2001, LogLevel.Critical, "The log has ended by a fault, and so does the server")]
        public static partial void Ended(ILogger logger, Exception cause);

        [LoggerMessage(2004, LogLevel.Warning, "What other nodes have stored cannot be read now; it is with the next look")]
        public static partial void NotFollowed(ILogger logger, Exception cause);

        [LoggerMessage(2002, LogLevel.Error, "A sender in room {Room} could not be told that its message was refused")]
        public static partial void NotTold(ILogger logger, string room, Exception cause);
    }
}
