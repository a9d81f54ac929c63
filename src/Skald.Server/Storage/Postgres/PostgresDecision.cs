using Npgsql;
using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Rooms;
using static Skald.Server.Storage.Postgres.PostgresParameters;

namespace Skald.Server.Storage.Postgres;

/// <summary>
/// Decides what becomes of the drafts of a batch where that depends on what is stored: repeats, changes, refusals. By what it reads
/// first; the call that stores it names the versions of the messages that were read, and stores nothing if one of them has changed since.
/// Where rooms have only grown, what was decided moves behind what came first.
/// </summary>
internal sealed class PostgresDecision
{
    // Last: nothing that is stored and was read lies behind a head, and what does is of this batch. What was stored between the two the
    // call finds out, by its client_msg_id or its version.
    private const string Heads = "SELECT room_id, last_seq, version FROM room_heads WHERE room_id = ANY ($1)";

    private const string Senders = "SELECT id FROM users WHERE id = ANY ($1)";

    private const string Now = "SELECT skald_now()";

    private const string StoredMessages =
        """
        SELECT w.place, m.seq, m.created_at, m.body FROM unnest($1, $2, $3) WITH ORDINALITY AS w(room_id, user_id, client_msg_id, place)
        JOIN messages m ON m.room_id = w.room_id AND m.user_id = w.user_id AND m.client_msg_id = w.client_msg_id
        """;

    private const string StoredEntries =
        """
        SELECT w.place, e.seq, e.created_at FROM unnest($1, $2, $3) WITH ORDINALITY AS w(room_id, user_id, client_msg_id, place)
        JOIN entries e ON e.room_id = w.room_id AND e.user_id = w.user_id AND e.client_msg_id = w.client_msg_id
        """;

    private const string Targets =
        $"""
        SELECT {PostgresMessageRow.Columns}, w.place FROM unnest($1, $2) WITH ORDINALITY AS w(room_id, seq, place)
        JOIN messages m ON m.room_id = w.room_id AND m.seq = w.seq
        """;

    private readonly Batch _batch;
    private readonly LogRules _rules;
    private readonly Dictionary<long, long> _heads = [];
    private readonly Dictionary<long, long> _versions = [];
    private readonly Dictionary<Room, RoomState> _states = [];   // as they are before the draft that is decided about
    private readonly HashSet<long> _senders = [];
    private readonly Dictionary<(Room Room, long User, string Id, bool IsMessage), (long Seq, Timestamp At, byte[]? Text)> _stored = [];
    private readonly Dictionary<(Room Room, long Seq), LoggedMessage> _messages = [];
    private readonly HashSet<Room> _begun = [];   // those that the call has something of
    private PostgresAppendCall _call = new();
    private Timestamp _now;

    private PostgresDecision(Batch batch, LogRules rules) => (_batch, _rules) = (batch, rules);

    /// <summary>Tells each draft how it ends, if <see cref="TryStoreAsync"/> says so too.</summary>
    public static async Task<PostgresDecision> MakeAsync(NpgsqlConnection connection, Batch batch, LogRules rules)
    {
        var decision = new PostgresDecision(batch, rules);
        await decision.ReadAsync(connection);
        await decision.LearnAsync(connection);
        decision.Decide();
        return decision;
    }

    /// <summary>Stores what was decided, or nothing.</summary>
    /// <returns>False where it does not hold any more: what is stored now is to be read first.</returns>
    public async Task<bool> TryStoreAsync(NpgsqlConnection connection)
    {
        if (_call.IsEmpty)
            return true;
        if (await _call.RunAsync(connection) is not { } stored)
            return false;
        _batch.Span = stored.Span;
        var place = 0;
        foreach (var drafts in _batch.ByRoom())
        {
            if (!_begun.Contains(drafts[0].Room))
                continue;
            var (was, head) = (_heads[drafts[0].Room.Id], stored.Heads[place++]);
            foreach (var draft in drafts)
                draft.Move(was, head - was, _now, stored.At);
        }

        return true;
    }

    private void Decide()
    {
        _call = new PostgresAppendCall { Decided = _now };
        foreach (var drafts in _batch.ByRoom())
        {
            var room = drafts[0].Room;
            if (!_heads.TryGetValue(room.Id, out var head))
            {
                foreach (var draft in drafts)
                    draft.RefuseAs(Draft.NotStorable);
                continue;
            }

            var version = _states[room].Version;   // as it is stored
            // What is stored already is acknowledged after a commit too: on a standby that has it by then, where there is one.
            var moved = head;
            var isFixed = false;
            foreach (var draft in drafts)
            {
                var before = Target(draft);
                isFixed |= draft.Command is ChangeCommand { Target: var target } && target > head;   // its number may be another node's
                var (changed, change) = Stores(draft, before, moved + 1);
                isFixed |= change is not null;   // it holds its own number
                if (draft.End == DraftEnd.Refused)
                {
                    isFixed |= before?.Version > head;   // the sender is told of a version that is not stored yet
                    continue;
                }

                if (_begun.Add(room))
                    _call.Begin(room.Id, version, head);
                if (draft.End != DraftEnd.Stored)
                    continue;
                moved++;
                if (change is not null)
                    _call.AddChange(draft, change);
                else if (changed is null)
                    _call.AddMessage(draft);
                else
                    _call.AddChange(draft, before!, changed);
            }

            if (isFixed && _begun.Contains(room))
                _call.Fix();
        }
    }

    /// <summary>Tells the draft how it ends.</summary>
    /// <param name="message">What it is about; null where there is none.</param>
    /// <param name="seq">Its place, if it is stored.</param>
    /// <returns>The message that it changes, as it is after it; or what it makes of the room.</returns>
    private (LoggedMessage? Changed, RoomChange? Room) Stores(Draft draft, LoggedMessage? message, long seq)
    {
        var (isMessage, key, state) = (draft.Kind == EntryKind.Message, KeyOf(draft), _states[draft.Room]);
        if (key is { } id && _stored.TryGetValue(id, out var first))
        {
            draft.FoundAs(first.Seq, first.At, first.Text);
            return default;
        }

        var refusal = draft.Refusal;
        if (isMessage)
            refusal ??= _senders.Contains(draft.Sender.Id) ? draft.RefusedBy(state) : Draft.NotStorable;
        if (refusal is not null)
        {
            draft.RefuseAs(refusal);
            return default;
        }

        LoggedMessage? changed = null;
        RoomChange? change = null;
        if (isMessage)
        {
            draft.StoreAs(seq, _now);
            _messages[(draft.Room, seq)] = LoggedMessage.Of(draft.ToMessage(new byte[Draft.ScratchLength]), draft.Sender.Id);
        }
        else if (draft.Command is ChangeCommand)
        {
            if (!LoggedMessage.Takes(message, draft, state, _now, _rules))
                return default;
            changed = _messages[(draft.Room, message!.Seq)] = message.With(draft, seq, _now);
            draft.StoreAs(seq, _now, changed);
        }
        else
        {
            if (!draft.Takes(state, seq, _now, _rules, out change))
                return default;
            _states[draft.Room] = change.After;
            draft.StoreAs(seq, _now, change);
        }

        if (key is { } taken)
            _stored[taken] = (seq, _now, isMessage ? draft.Text : null);
        return (changed, change);
    }

    private LoggedMessage? Target(Draft draft) =>
        draft.Command is ChangeCommand { Target: var target } && target >= draft.FirstSeq(_states[draft.Room])
        ? _messages.GetValueOrDefault((draft.Room, target))
        : null;

    private static (Room Room, long User, string Id, bool IsMessage)? KeyOf(Draft draft) =>
        draft.ClientMessageId is { } id ? (draft.Room, draft.Sender.Id, id, draft.Kind == EntryKind.Message) : null;

    /// <summary>All in one round trip.</summary>
    private async Task ReadAsync(NpgsqlConnection connection)
    {
        var named = _batch.Where(draft => draft.ClientMessageId is not null).ToLookup(draft => draft.Kind == EntryKind.Message);
        Draft[] messages = [.. named[true]], entries = [.. named[false]];
        Draft[] changes = [.. _batch.Where(draft => draft.Command is ChangeCommand)];
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                Ask(Now),
                Ask(Senders, Array(_batch.Select(draft => draft.Sender.Id).Distinct())),
                Ask(StoredMessages, Names(messages)),
                Ask(StoredEntries, Names(entries)),
                Ask(
                    Targets,
                    Array(changes.Select(draft => draft.Room.Id)),
                    Array(changes.Select(draft => ((ChangeCommand)draft.Command).Target))),
                Ask(Heads, Array(_batch.Select(draft => draft.Room.Id).Distinct())),
            },
        };
        await using var row = await batch.ExecuteReaderAsync();
        await row.ReadAsync();
        _now = new Timestamp(row.GetInt64(0));
        await row.NextResultAsync();
        while (await row.ReadAsync())
            _senders.Add(row.GetInt64(0));
        await row.NextResultAsync();
        while (await row.ReadAsync())
        {
            var key = KeyOf(messages[(int)row.GetInt64(0) - 1])!.Value;
            _stored[key] = (row.GetInt64(1), new(row.GetInt64(2)), PostgresMessageRow.Utf8(row, 3));
        }

        await row.NextResultAsync();
        while (await row.ReadAsync())
            _stored[KeyOf(entries[(int)row.GetInt64(0) - 1])!.Value] = (row.GetInt64(1), new(row.GetInt64(2)), null);
        await row.NextResultAsync();
        while (await row.ReadAsync())
        {
            var room = changes[(int)row.GetInt64(PostgresMessageRow.Next) - 1].Room;
            var message = PostgresMessageRow.ReadLogged(row, room);
            _messages[(room, message.Seq)] = message;
        }

        await row.NextResultAsync();
        while (await row.ReadAsync())
        {
            _heads[row.GetInt64(0)] = row.GetInt64(1);
            _versions[row.GetInt64(0)] = row.GetInt64(2);
        }
    }

    /// <summary>What the rooms are, as of the heads that were read; or later, and then the call stores nothing.</summary>
    private async Task LearnAsync(NpgsqlConnection connection)
    {
        foreach (var drafts in _batch.ByRoom())
        {
            var room = drafts[0].Room;
            room.Outdate(_versions.GetValueOrDefault(room.Id));
            var state = room.State;
            if (state is null)
                room.Become(state = await RoomStore.ReadStateAsync(connection, room.Id));
            _states[room] = state;
        }
    }

    private static NpgsqlBatchCommand Ask(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        return command;
    }

    private static NpgsqlParameter[] Names(Draft[] drafts) =>
    [
        Array(drafts.Select(draft => draft.Room.Id)),
        Array(drafts.Select(draft => draft.Sender.Id)),
        new NpgsqlParameter<string[]> { TypedValue = [.. drafts.Select(draft => draft.ClientMessageId!)] },
    ];
}
