using Microsoft.Data.Sqlite;
using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Rooms;
using SQLitePCL;

namespace Skald.Server.Storage.Sqlite;

/// <summary>Stores one batch, inside its transaction: so a <c>seq</c> is as durable as its entry, and a message is never other than its log says.</summary>
/// <param name="connection">The writer's.</param>
/// <param name="now">When all of it is stored.</param>
internal readonly ref struct SqliteAppend(SqliteConnection connection, UserNames names, RoomsOptions rules, Timestamp now)
{
    private static readonly ChatError NotStorable = new(ErrorCode.BadRequest, "This cannot be stored: its user or its room is gone.");

    private readonly SqliteStatement _head = SqliteStatement.Get(connection, "SELECT last_seq FROM rooms WHERE id = ?1");
    private readonly SqliteStatement _move = SqliteStatement.Get(connection, "UPDATE rooms SET last_seq = ?2 WHERE id = ?1");

    private readonly SqliteStatement _insertMessage = SqliteStatement.Get(
        connection,
        """
        INSERT INTO messages (room_id, seq, user_id, client_msg_id, body, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (room_id, user_id, client_msg_id) WHERE client_msg_id IS NOT NULL DO NOTHING
        """);

    public void Run(Batch batch)
    {
        foreach (var drafts in batch.ByRoom())
        {
            var room = drafts[0].Room;
            if (ReadHead(room) is not { } head)
            {
                foreach (var draft in drafts)
                    draft.RefuseAs(NotStorable);
                continue;
            }

            var moved = head;
            foreach (var draft in drafts)
            {
                if (TryStore(draft, moved + 1))
                    moved++;
            }

            if (moved > head)
                _move.Bind(1, room.Id).Bind(2, moved).Run();
        }
    }

    /// <returns>Whether the draft has become this entry.</returns>
    private bool TryStore(Draft draft, long seq)
    {
        try
        {
            if (draft.Command is ChangeCommand change)
                return TryChange(draft, change.Target, seq);
            if (draft.Refusal is null && TryInsert(draft, seq))
            {
                draft.StoreAs(seq, now);
                return true;
            }

            if (!TryFind(draft, "SELECT seq, created_at, body FROM messages WHERE room_id = ?1 AND user_id = ?2 AND client_msg_id = ?3"))
                draft.RefuseAs(draft.Refusal ?? throw new InvalidOperationException("A message that is stored already is not there."));
        }
        catch (SqliteException e) when (e.SqliteErrorCode == raw.SQLITE_CONSTRAINT)
        {
            // SQLite has undone this statement alone (sqlite.org/lang_conflict.html, ABORT): the others of the batch are stored.
            draft.RefuseAs(NotStorable);
        }

        return false;
    }

    /// <returns>False where the sender's <c>client_msg_id</c> is stored already.</returns>
    private bool TryInsert(Draft draft, long seq)
    {
        _insertMessage.Bind(1, draft.Room.Id).Bind(2, seq).Bind(3, draft.Sender.Id).Bind(4, draft.ClientMessageId).Bind(5, draft.Text)
            .Bind(6, now.Microseconds).Run();
        return draft.ClientMessageId is null || raw.sqlite3_changes(connection.Handle) == 1;
    }

    private bool TryChange(Draft draft, long target, long seq)
    {
        if (draft.ClientMessageId is not null
            && TryFind(draft, "SELECT seq, created_at, NULL FROM entries WHERE room_id = ?1 AND user_id = ?2 AND client_msg_id = ?3"))
            return false;
        if (draft.Refusal is { } refusal)
        {
            draft.RefuseAs(refusal);
            return false;
        }

        var message = target < draft.Room.FirstSeq ? null : ReadMessage(draft.Room, target);
        if (!LoggedMessage.Takes(message, draft, now, rules))
            return false;
        SqliteStatement.Get(connection, "INSERT INTO entries (room_id, seq, kind, user_id, target, client_msg_id, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
            .Bind(1, draft.Room.Id).Bind(2, seq).Bind(3, (int)draft.Kind).Bind(4, draft.Sender.Id).Bind(5, target).Bind(6, draft.ClientMessageId)
            .Bind(7, now.Microseconds).Run();
        var changed = message!.With(draft, seq, now);
        if (draft.Kind == EntryKind.Edited)
        {
            SqliteStatement.Get(connection, "UPDATE messages SET body = ?3, version = ?4, text_version = ?4, edited_at = ?5 WHERE room_id = ?1 AND seq = ?2")
                .Bind(1, draft.Room.Id).Bind(2, target).Bind(3, changed.Text).Bind(4, seq).Bind(5, now.Microseconds).Run();
        }
        else
        {
            SqliteStatement.Get(connection, "UPDATE messages SET body = '', version = ?3, deleted_at = ?4, deleted_by = ?5 WHERE room_id = ?1 AND seq = ?2")
                .Bind(1, draft.Room.Id).Bind(2, target).Bind(3, seq).Bind(4, now.Microseconds).Bind(5, draft.Sender.Id).Run();
        }

        draft.StoreAs(seq, now, changed);
        return true;
    }

    /// <summary>Looks for what the sender has stored under the draft's <c>client_msg_id</c>; the draft is told.</summary>
    private bool TryFind(Draft draft, string sql)
    {
        var select = SqliteStatement.Get(connection, sql).Bind(1, draft.Room.Id).Bind(2, draft.Sender.Id).Bind(3, draft.ClientMessageId);
        try
        {
            if (!select.Step())
                return false;
            draft.FoundAs(select.Int64(0), new Timestamp(select.Int64(1)), draft.Kind == EntryKind.Message ? select.Utf8(2).ToArray() : null);
            return true;
        }
        finally
        {
            select.Reset();
        }
    }

    /// <returns>Null where the room is not in the database.</returns>
    private long? ReadHead(Room room)
    {
        _head.Bind(1, room.Id);
        try
        {
            return _head.Step() ? _head.Int64(0) : null;
        }
        finally
        {
            _head.Reset();
        }
    }

    private LoggedMessage? ReadMessage(Room room, long seq)
    {
        var select = SqliteStatement.Get(connection, $"SELECT {SqliteMessageRow.Columns} FROM messages m WHERE m.room_id = ?1 AND m.seq = ?2")
            .Bind(1, room.Id).Bind(2, seq);
        try
        {
            return select.Step() ? LoggedMessage.Of(SqliteMessageRow.Read(connection, select, names, room), SqliteMessageRow.UserId(select)) : null;
        }
        finally
        {
            select.Reset();
        }
    }
}
