using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Rooms;
using static Skald.Server.Storage.Postgres.PostgresParameters;

namespace Skald.Server.Storage.Postgres;

/// <summary>What one call of <c>skald_append_2</c> stores, and the call: one statement, one message of the protocol each way.</summary>
internal sealed class PostgresAppendCall
{
    private const string Sql =
        """
        SELECT head, stored_at, log_position FROM skald_append_2(
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
            $24, $25, $26, $27, $28, $29)
        """;

    private readonly List<long> _rooms = [], _heads = [], _versions = [], _counts = [];
    private readonly List<bool> _fixed = [];
    private readonly HashSet<long> _senders = [];
    private readonly List<Draft> _messages = [], _entries = [];
    private readonly List<int> _messageRooms = [], _messagePlaces = [], _entryRooms = [], _entryPlaces = [];
    private readonly Dictionary<(int Room, long Seq), (LoggedMessage Message, long Version, long? DeletedBy)> _changed = [];

    private readonly Dictionary<int, RoomState> _roomsAfter = [];
    private readonly Dictionary<(int Room, long User), Member> _members = [];

    /// <summary>The moment that something was decided by: what carries it is stored with the moment of the call.</summary>
    public Timestamp Decided { get; init; }

    public bool IsEmpty => _rooms.Count == 0;

    /// <summary>What follows is of this room. Rooms come in the order of their ids.</summary>
    /// <param name="version">The entry that it was changed by last: if it is another by now, nothing is stored.</param>
    /// <param name="head">Its newest entry, where something was decided by that; null where nothing was.</param>
    public void Begin(long roomId, long version, long? head)
    {
        _rooms.Add(roomId);
        _versions.Add(version);
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
        AddEntry(draft);
        var key = (_rooms.Count, changed.Seq);
        var version = _changed.TryGetValue(key, out var earlier) ? earlier.Version : before.Version;
        _changed[key] = (changed, version, draft.Kind == EntryKind.Deleted ? draft.Sender.Id : null);
    }

    /// <param name="change">What it makes of its room.</param>
    public void AddChange(Draft draft, RoomChange change)
    {
        AddEntry(draft);
        _roomsAfter[_rooms.Count] = change.After;
        foreach (var member in change.Members)
            _members[(_rooms.Count, member.UserId)] = member;
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
                Array(_versions), Array(_counts), Array(_senders),
                Array(_messageRooms), Array(_messagePlaces), Array(_messages.Select(draft => draft.Sender.Id)),
                Array(_messages.Select(draft => draft.ClientMessageId)), Utf8(_messages.Select(draft => draft.Text)),
                Array(_entryRooms), Array(_entryPlaces), Array(_entries.Select(draft => (int)draft.Kind)),
                Array(_entries.Select(draft => draft.Sender.Id)),
                Array(_entries.Select(draft => (draft.Command as ChangeCommand)?.Target ?? 0)),
                Array(_entries.Select(draft => draft.ClientMessageId)), Utf8(_entries.Select(draft => draft.Data)),
                Array(_changed.Keys.Select(key => key.Room)), Array(_changed.Keys.Select(key => key.Seq)),
                Array(changed.Select(one => one.Version)), Utf8(changed.Select(one => one.Message.Text)),
                Array(changed.Select(one => one.Message.Version)),
                Array(changed.Select(one => Unless(0, one.Message.TextVersion))),
                Array(changed.Select(one => Unless(0, one.Message.EditedAt.Microseconds))),
                Array(changed.Select(one => Unless(0, one.Message.DeletedAt.Microseconds))), Array(changed.Select(one => one.DeletedBy)),
                new NpgsqlParameter<string?> { TypedValue = Folds(), NpgsqlDbType = NpgsqlDbType.Jsonb },
            },
        };
    }

    private void AddEntry(Draft draft)
    {
        _entries.Add(draft);
        _entryRooms.Add(_rooms.Count);
        _entryPlaces.Add((int)++_counts[^1]);
        _senders.Add(draft.Sender.Id);
    }

    /// <returns>What <c>skald_fold_1</c> stores; null for nothing.</returns>
    private string? Folds() => _roomsAfter.Count == 0 ? null : JsonSerializer.Serialize(new
    {
        rooms = _roomsAfter.Select(one => new
        {
            room = one.Key,
            visibility = (int)one.Value.Visibility,
            title = one.Value.Title,
            topic = one.Value.Topic,
            data = one.Value.Data,
            settings = one.Value.Settings.ToJson(),
            version = one.Value.Version,
        }),
        members = _members.Select(one => new
        {
            room = one.Key.Room,
            user_id = one.Key.User,
            role = (int)one.Value.Role,
            from_seq = one.Value.From,
            until_seq = one.Value.Until,
        }),
    });

    private static long? Unless(long none, long value) => value == none ? null : value;

    private static NpgsqlParameter<byte[]?[]> Utf8(IEnumerable<byte[]?> texts) =>
        new() { TypedValue = [.. texts], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
}

/// <summary>What a call has stored.</summary>
/// <param name="Heads">For each room, in their order, its newest entry before this.</param>
/// <param name="Span">Where it lies in the whole log.</param>
internal sealed record StoredCall(long[] Heads, Timestamp At, LogSpan Span);
