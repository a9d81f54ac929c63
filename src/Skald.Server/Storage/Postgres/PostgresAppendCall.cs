using Npgsql;
using NpgsqlTypes;
using Skald.Protocol;
using Skald.Server.History;
using static Skald.Server.Storage.Postgres.PostgresParameters;

namespace Skald.Server.Storage.Postgres;

/// <summary>What one call of <c>skald_append_1</c> stores, and the call: one statement, one message of the protocol each way.</summary>
internal sealed class PostgresAppendCall
{
    private const string Sql =
        """
        SELECT head, stored_at, log_position FROM skald_append_1(
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
            $24, $25, $26)
        """;

    private readonly List<long> _rooms = [], _heads = [], _counts = [];
    private readonly List<bool> _fixed = [];
    private readonly HashSet<long> _senders = [];
    private readonly List<Draft> _messages = [], _entries = [];
    private readonly List<int> _messageRooms = [], _messagePlaces = [], _entryRooms = [], _entryPlaces = [];
    private readonly Dictionary<(int Room, long Seq), (LoggedMessage Message, long Version, long? DeletedBy)> _changed = [];

    /// <summary>The moment that something was decided by: what carries it is stored with the moment of the call.</summary>
    public Timestamp Decided { get; init; }

    public bool IsEmpty => _rooms.Count == 0;

    /// <summary>What follows is of this room. Rooms come in the order of their ids.</summary>
    /// <param name="head">Its newest entry, where something was decided by that; null where nothing was.</param>
    public void Begin(long roomId, long? head)
    {
        _rooms.Add(roomId);
        _counts.Add(0);
        if (head is not { } known)
            return;
        _heads.Add(known);
        _fixed.Add(false);
    }

    /// <summary>Its head must be where it was: something was decided that does not move.</summary>
    public void Fix() => _fixed[^1] = true;

    /// <returns>Its place among what its room gets: 1, 2, …</returns>
    public int AddMessage(Draft draft)
    {
        _messages.Add(draft);
        _messageRooms.Add(_rooms.Count);
        _messagePlaces.Add((int)++_counts[^1]);
        _senders.Add(draft.Sender.Id);
        return _messagePlaces[^1];
    }

    /// <param name="draft">An edit or a delete.</param>
    /// <param name="before">The message as it was until then: if it is another by now, nothing is stored.</param>
    /// <param name="changed">The message after it.</param>
    public void AddChange(Draft draft, LoggedMessage before, LoggedMessage changed)
    {
        _entries.Add(draft);
        _entryRooms.Add(_rooms.Count);
        _entryPlaces.Add((int)++_counts[^1]);
        _senders.Add(draft.Sender.Id);
        var key = (_rooms.Count, changed.Seq);
        var version = _changed.TryGetValue(key, out var earlier) ? earlier.Version : before.Version;
        _changed[key] = (changed, version, draft.Kind == EntryKind.Deleted ? draft.Sender.Id : null);
    }

    /// <summary>Stores it, or nothing.</summary>
    /// <returns>Null where nothing is stored, since what was decided, or left to be found out, does not hold.</returns>
    public async Task<StoredCall?> RunAsync(NpgsqlConnection connection)
    {
        await using var command = Command(connection);
        await using var row = await command.ExecuteReaderAsync();
        var heads = new long[_rooms.Count];
        var (storedAt, position) = (default(Timestamp), 0L);
        var read = 0;
        while (await row.ReadAsync())
        {
            heads[read++] = row.GetInt64(0);
            (storedAt, position) = (new Timestamp(row.GetInt64(1)), row.GetInt64(2));
        }

        return read == 0 ? null : new(heads, storedAt, new LogSpan(position + 1, position + _messages.Count + _entries.Count));
    }

    private NpgsqlCommand Command(NpgsqlConnection connection)
    {
        var changed = _changed.Values;
        return new NpgsqlCommand(Sql, connection)
        {
            Parameters =
            {
                Array(_rooms), Array(_heads), Array(_fixed), new NpgsqlParameter<long> { TypedValue = Decided.Microseconds },
                Array(_counts), Array(_senders),
                Array(_messageRooms), Array(_messagePlaces), Array(_messages.Select(draft => draft.Sender.Id)),
                Array(_messages.Select(draft => draft.ClientMessageId)), Utf8(_messages.Select(draft => draft.Text)),
                Array(_entryRooms), Array(_entryPlaces), Array(_entries.Select(draft => (int)draft.Kind)),
                Array(_entries.Select(draft => draft.Sender.Id)), Array(_entries.Select(draft => ((ChangeCommand)draft.Command).Target)),
                Array(_entries.Select(draft => draft.ClientMessageId)),
                Array(_changed.Keys.Select(key => key.Room)), Array(_changed.Keys.Select(key => key.Seq)),
                Array(changed.Select(one => one.Version)), Utf8(changed.Select(one => one.Message.Text)),
                Array(changed.Select(one => one.Message.Version)),
                Array(changed.Select(one => Unless(0, one.Message.TextVersion))),
                Array(changed.Select(one => Unless(0, one.Message.EditedAt.Microseconds))),
                Array(changed.Select(one => Unless(0, one.Message.DeletedAt.Microseconds))), Array(changed.Select(one => one.DeletedBy)),
            },
        };
    }

    private static long? Unless(long none, long value) => value == none ? null : value;

    private static NpgsqlParameter<byte[][]> Utf8(IEnumerable<byte[]> texts) =>
        new() { TypedValue = [.. texts], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
}

/// <summary>What a call has stored.</summary>
/// <param name="Heads">For each room, in their order, its newest entry before this.</param>
/// <param name="Span">Where it lies in the whole log.</param>
internal sealed record StoredCall(long[] Heads, Timestamp At, LogSpan Span);
