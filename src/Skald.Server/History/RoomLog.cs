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

    // Synchronous continuations: the sender that finds the log idle hands the batch to the store itself, one thread hop less.
    private readonly Channel<Draft> _queue = Channel.CreateBounded<Draft>(
        new BoundedChannelOptions(limits.Value.QueuedMessages) { SingleReader = true, AllowSynchronousContinuations = true });

    private Task _running = Task.CompletedTask;
    private volatile bool _stopped;
    private long _commit;   // what a commit takes, in ticks; smoothed

    public string Epoch => store.Epoch;

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
    /// Takes every batch once it is on disk, in commit order. It may wait, and so slow the log down to what delivery can carry.
    /// </param>
    public void Start(Func<long, Task> commitSlotAsync, Action<Batch> onCommitted)
    {
        metrics.ObserveQueue(() => _queue.Reader.Count);
        _running = RunAsync(commitSlotAsync, onCommitted);
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
            Refuse(_queue.Reader.ReadAllAsync().ToBlockingEnumerable(), Unknown);
            host.StopApplication();
        }
    }

    private async Task WriteAsync(Func<long, Task> commitSlotAsync, Action<Batch> onCommitted)
    {
        var drafts = new List<Draft>(_batchSize);
        while (await _queue.Reader.WaitToReadAsync())
        {
            await commitSlotAsync(_commit);
            drafts.Clear();
            while (drafts.Count < _batchSize && _queue.Reader.TryRead(out var draft))
                drafts.Add(draft);
            var batch = new Batch(drafts);
            if (!await StoreAsync(batch))
                continue;
            if (await FindAsync(batch) is { } found)
                onCommitted(found);
            onCommitted(batch);
        }
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
            if (draft.End == DraftEnd.Stored)
                draft.Room.LastSeq = draft.Seq;
            draft.Trace?.Stored(draft, batch.Count);
        }

        metrics.Committed(begun, batch);
        return true;
    }

    /// <summary>
    /// Reads what was stored without this node's knowledge: a repeat finds it, beyond what the room was thought to end with. Readers
    /// that are behind it read what lies between from the log.
    /// </summary>
    /// <returns>For each such room its newest entry; null where there is none, as nearly always.</returns>
    private async Task<Batch?> FindAsync(Batch batch)
    {
        List<Draft>? found = null;
        foreach (var draft in batch)
        {
            var (room, seq) = (draft.Room, draft.Seq);
            if (draft.End != DraftEnd.Duplicate || seq <= room.LastSeq)
                continue;
            room.LastSeq = seq;
            found ??= [];
            found.RemoveAll(older => older.Room == room);
            try
            {
                await store.ReadAsync(room, seq, seq, (in entry) =>
                {
                    // A deleted message is a number with nothing in it; what deleted it follows.
                    if (entry.Kind != EntryKind.Message || !entry.Message.IsDeleted)
                        found.Add(FoundDraft.Of(room, entry));
                    return false;
                });
            }
            catch (StorageException)
            {
                // It is not announced: the room's next entry is, and leads its readers to the log.
            }
        }

        return found is { Count: > 0 } ? new Batch(found) : null;
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

        [LoggerMessage(2002, LogLevel.Error, "A sender in room {Room} could not be told that its message was refused")]
        public static partial void NotTold(ILogger logger, string room, Exception cause);
    }
}
