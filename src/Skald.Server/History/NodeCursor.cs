using Skald.Protocol;
using Skald.Server.Rooms;

namespace Skald.Server.History;

/// <summary>
/// How far this node has come in the whole log: everything up to its position was announced to the readers it has. What other nodes
/// store in the same database lies behind it, until it is read here.
/// </summary>
/// <remarks>
/// Also what this node has stored without knowing: its batch was committed, but the answer was lost with the connection. The log's loop
/// alone moves it.
/// </remarks>
internal sealed class NodeCursor(IFollowedLog log, RoomDirectory rooms)
{
    /// <summary>Entries of a page: 8 MB at most.</summary>
    private const int PageEntries = 1_000;

    private readonly Lock _gate = new();
    private TaskCompletionSource<bool>? _asked;   // of all who wait for the log's next look; null while nobody does
    private long _heard;

    public long Position { get; private set; }

    /// <summary>Whether other nodes may append.</summary>
    public bool IsShared => log.IsShared;

    /// <summary>The position that the log reaches to, as others say.</summary>
    public long HeardEnd => Volatile.Read(ref _heard);

    public bool IsBehind => HeardEnd > Position;

    /// <summary>Begins at the log's end: what comes from now on is announced. To be called before any room is read.</summary>
    public async Task StartAsync() => Position = await log.FindEndAsync();

    /// <summary>Somebody says that the log reaches to this position. On any thread.</summary>
    public void Heard(long end)
    {
        for (var heard = Volatile.Read(ref _heard); end > heard; heard = Volatile.Read(ref _heard))
        {
            if (Interlocked.CompareExchange(ref _heard, end, heard) == heard)
                return;
        }
    }

    /// <summary>Has the log's loop look for what others have stored. On any thread.</summary>
    /// <returns>Whether everything that is stored by now was announced, once the loop has looked.</returns>
    public Task<bool> AskAsync()
    {
        lock (_gate)
            return (_asked ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }

    /// <returns>To be told how the look ended; null where nobody has asked for one.</returns>
    public TaskCompletionSource<bool>? TakeAsked()
    {
        if (Volatile.Read(ref _asked) is null)
            return null;
        lock (_gate)
        {
            var asked = _asked;
            _asked = null;
            return asked;
        }
    }

    public Task<long> FindEndAsync() => log.FindEndAsync();

    /// <summary>Everything up to a position is announced.</summary>
    public void MoveTo(long position) => Position = Math.Max(Position, position);

    /// <summary>Reads the next entries, and moves behind them. Their rooms know of them from then on.</summary>
    /// <param name="last">A position behind which nothing is read.</param>
    /// <param name="hasReaders">Whether a room has readers here: of others, the entries are not read.</param>
    /// <returns>What is to be announced; it may be nothing.</returns>
    /// <exception cref="Database.StorageException">Nothing was read, or not all: it has not moved.</exception>
    public async Task<Batch> ReadAsync(long last, Predicate<Room> hasReaders)
    {
        List<Draft> found = [];
        var (after, heard) = (Position, HeardEnd);
        var page = await log.ReadAsync(
            new LogSelection(after, PageEntries)
            {
                Last = last,
                Wants = run =>
                {
                    var room = rooms.Met(run.Room);
                    room.Reach(run.LastSeq);
                    return hasReaders(room);   // after that: a reader that comes now begins behind the run
                },
            },
            (Room room, long _, in LogEntry entry) => found.Add(FoundDraft.Of(rooms.Met(room), entry)));
        MoveTo(page.Reached);
        if (page.Reached == page.End && heard > page.End)
            Interlocked.CompareExchange(ref _heard, page.End, heard);   // who said so was wrong
        return new Batch(found) { Found = found.Count, Span = new LogSpan(after + 1, page.Reached) };
    }
}
