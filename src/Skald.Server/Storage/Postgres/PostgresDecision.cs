using Npgsql;
using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Storage.Postgres;

/// <summary>
/// Decides what becomes of the drafts of a batch where that depends on what is stored: repeats, changes, refusals. By what it reads
/// first; the call that stores it names the heads of the rooms that were read, and stores nothing if one of them has moved since.
/// </summary>
internal sealed class PostgresDecision
{
    // The heads first: whatever is read after them is at least as new, and what is newer moves a head.
    private const string Heads = "SELECT room_id, last_seq FROM room_heads WHERE room_id = ANY ($1)";

    private const string Senders = "SELECT id FROM users WHERE id = ANY ($1)";

    private const string Now = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

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
    private readonly RoomsOptions _rules;
    private readonly Dictionary<long, long> _heads = [];
    private readonly HashSet<long> _senders = [];
    private readonly Dictionary<(Room Room, long User, string Id, bool IsMessage), (long Seq, Timestamp At, byte[]? Text)> _stored = [];
    private readonly Dictionary<(Room Room, long Seq), LoggedMessage> _messages = [];
    private Timestamp _now;

    private PostgresDecision(Batch batch, RoomsOptions rules) => (_batch, _rules) = (batch, rules);

    /// <summary>Tells each draft how it ends if the call that is returned stores something, or is empty.</summary>
    public static async Task<PostgresAppendCall> MakeAsync(NpgsqlConnection connection, Batch batch, RoomsOptions rules)
    {
        var decision = new PostgresDecision(batch, rules);
        await decision.ReadAsync(connection);
        return decision.Decide();
    }

    private PostgresAppendCall Decide()
    {
        var call = new PostgresAppendCall { Now = _now };
        foreach (var drafts in _batch.ByRoom())
        {
            var room = drafts[0].Room;
            if (!_heads.TryGetValue(room.Id, out var head))
            {
                foreach (var draft in drafts)
                    draft.RefuseAs(Draft.NotStorable);
                continue;
            }

            // What is stored already is acknowledged after a commit too: on a standby that has it by then, where there is one.
            var begun = false;
            var moved = head;
            foreach (var draft in drafts)
            {
                var changed = Stores(draft, moved + 1);
                if (draft.End == DraftEnd.Refused)
                    continue;
                if (!begun)
                    call.Begin(room.Id, head);
                begun = true;
                if (draft.End != DraftEnd.Stored)
                    continue;
                moved++;
                if (changed is null)
                    call.AddMessage(draft);
                else
                    call.AddChange(draft, changed);
            }
        }

        return call;
    }

    /// <summary>Tells the draft how it ends.</summary>
    /// <param name="seq">Its place, if it is stored.</param>
    /// <returns>The message that it changes, as it is after it.</returns>
    private LoggedMessage? Stores(Draft draft, long seq)
    {
        var (isMessage, key) = (draft.Kind == EntryKind.Message, KeyOf(draft));
        if (key is { } id && _stored.TryGetValue(id, out var first))
        {
            draft.FoundAs(first.Seq, first.At, first.Text);
            return null;
        }

        if (draft.Refusal is { } refusal)
        {
            draft.RefuseAs(refusal);
            return null;
        }

        LoggedMessage? changed = null;
        if (isMessage && !_senders.Contains(draft.Sender.Id))
        {
            draft.RefuseAs(Draft.NotStorable);
            return null;
        }

        if (isMessage)
        {
            draft.StoreAs(seq, _now);
            _messages[(draft.Room, seq)] = LoggedMessage.Of(draft.ToMessage(new byte[Draft.ScratchLength]), draft.Sender.Id);
        }
        else
        {
            var target = ((ChangeCommand)draft.Command).Target;
            var message = target < draft.Room.FirstSeq ? null : _messages.GetValueOrDefault((draft.Room, target));
            if (!LoggedMessage.Takes(message, draft, _now, _rules))
                return null;
            changed = _messages[(draft.Room, target)] = message!.With(draft, seq, _now);
            draft.StoreAs(seq, _now, changed);
        }

        if (key is { } taken)
            _stored[taken] = (seq, _now, isMessage ? draft.Text : null);
        return changed;
    }

    private static (Room Room, long User, string Id, bool IsMessage)? KeyOf(Draft draft) =>
        draft.ClientMessageId is { } id ? (draft.Room, draft.Sender.Id, id, draft.Kind == EntryKind.Message) : null;

    /// <summary>All in one round trip.</summary>
    private async Task ReadAsync(NpgsqlConnection connection)
    {
        var named = _batch.Where(draft => draft.ClientMessageId is not null).ToLookup(draft => draft.Kind == EntryKind.Message);
        Draft[] messages = [.. named[true]], entries = [.. named[false]];
        Draft[] changes = [.. _batch.Where(draft => draft.Kind != EntryKind.Message)];
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                Ask(Heads, Array(_batch.Select(draft => draft.Room.Id).Distinct())),
                Ask(Now),
                Ask(Senders, Array(_batch.Select(draft => draft.Sender.Id).Distinct())),
                Ask(StoredMessages, Names(messages)),
                Ask(StoredEntries, Names(entries)),
                Ask(
                    Targets,
                    Array(changes.Select(draft => draft.Room.Id)),
                    Array(changes.Select(draft => ((ChangeCommand)draft.Command).Target))),
            },
        };
        await using var row = await batch.ExecuteReaderAsync();
        while (await row.ReadAsync())
            _heads[row.GetInt64(0)] = row.GetInt64(1);
        await row.NextResultAsync();
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
    }

    private static NpgsqlBatchCommand Ask(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        return command;
    }

    private static NpgsqlParameter<long[]> Array(IEnumerable<long> values) => new() { TypedValue = [.. values] };

    private static NpgsqlParameter[] Names(Draft[] drafts) =>
    [
        Array(drafts.Select(draft => draft.Room.Id)),
        Array(drafts.Select(draft => draft.Sender.Id)),
        new NpgsqlParameter<string[]> { TypedValue = [.. drafts.Select(draft => draft.ClientMessageId!)] },
    ];
}
