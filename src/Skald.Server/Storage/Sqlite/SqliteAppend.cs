using Microsoft.Data.Sqlite;
using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Rooms;
using SQLitePCL;

namespace Skald.Server.Storage.Sqlite;

/// <summary>
/// Stores one batch, inside its transaction: so a <c>seq</c> is as durable as its entry, and a message is never other than its log
/// says.
/// </summary>
/// <param name="sql">The writer's.</param>
/// <param name="now">When all of it is stored.</param>
internal readonly ref struct SqliteAppend(SqliteAppendStatements sql, UserNames names, LogRules rules, Timestamp now)
{
    public void Run(Batch batch)
    {
        var end = ReadEnd();
        var first = end.Position;
        foreach (var drafts in batch.ByRoom())
        {
            var room = drafts[0].Room;
            if (ReadHead(room) is not { } head)
            {
                foreach (var draft in drafts)
                    draft.RefuseAs(Draft.NotStorable);
                continue;
            }

            var moved = head;
            // This process alone writes: what it knows of the room is so, once it has read it.
            var state = room.State ?? ReadState(room);
            foreach (var draft in drafts)
            {
                if (!TryStore(draft, state, moved + 1))
                    continue;
                moved++;
                state = draft.RoomAfter ?? state;
            }

            if (moved == head)
                continue;
            sql.MoveHead.Bind(1, room.Id).Bind(2, moved).Run();
            // Where the last run is of this room, it goes on.
            if (end.RoomId != room.Id)
                sql.InsertRun.Bind(1, end.Position).Bind(2, room.Id).Bind(3, head + 1).Run();
            end = (room.Id, end.Position + moved - head);
        }

        batch.Span = new LogSpan(first, end.Position - 1);
    }

    /// <param name="state">The room as it is until then.</param>
    /// <returns>Whether the draft has become this entry.</returns>
    private bool TryStore(Draft draft, RoomState state, long seq)
    {
        try
        {
            if (draft.Kind != EntryKind.Message)
                return TryStoreEntry(draft, state, seq);
            if (draft.Refusal is null && draft.RefusedBy(state) is { } refusal)
                draft.RefuseUnlessStored(refusal);
            if (draft.Refusal is null && TryInsert(draft, seq))
            {
                draft.StoreAs(seq, now);
                return true;
            }

            if (!TryFind(draft, sql.FindMessage))
                draft.RefuseAs(draft.Refusal ?? throw new InvalidOperationException("A message that is stored already is not there."));
        }
        catch (SqliteException e) when (e.SqliteErrorCode == raw.SQLITE_CONSTRAINT)
        {
            // SQLite has undone this statement alone (sqlite.org/lang_conflict.html, ABORT): the others of the batch are stored.
            draft.RefuseAs(Draft.NotStorable);
        }

        return false;
    }

    /// <returns>False where the sender's <c>client_msg_id</c> is stored already.</returns>
    private bool TryInsert(Draft draft, long seq)
    {
        sql.InsertMessage.Bind(1, draft.Room.Id).Bind(2, seq).Bind(3, draft.Sender.Id).Bind(4, draft.ClientMessageId).Bind(5, draft.Text)
            .Bind(6, now.Microseconds).Run();
        return draft.ClientMessageId is null || raw.sqlite3_changes(sql.Connection.Handle) == 1;
    }

    private bool TryStoreEntry(Draft draft, RoomState state, long seq)
    {
        if (draft.ClientMessageId is not null && TryFind(draft, sql.FindEntry))
            return false;
        if (draft.Refusal is { } refusal)
        {
            draft.RefuseAs(refusal);
            return false;
        }

        return draft.Command is ChangeCommand change ? TryChange(draft, state, change.Target, seq) : TryChangeRoom(draft, state, seq);
    }

    private bool TryChange(Draft draft, RoomState state, long target, long seq)
    {
        var message = target < draft.FirstSeq(state) ? null : ReadMessage(draft.Room, target);
        if (!LoggedMessage.Takes(message, draft, state, now, rules))
            return false;
        InsertEntry(draft, target, seq);
        var changed = message!.With(draft, seq, now);
        if (draft.Kind == EntryKind.Edited)
            sql.Edit.Bind(1, draft.Room.Id).Bind(2, target).Bind(3, changed.Text).Bind(4, seq).Bind(5, now.Microseconds).Run();
        else
            sql.Delete.Bind(1, draft.Room.Id).Bind(2, target).Bind(3, seq).Bind(4, now.Microseconds).Bind(5, draft.Sender.Id).Run();
        draft.StoreAs(seq, now, changed);
        return true;
    }

    private bool TryChangeRoom(Draft draft, RoomState state, long seq)
    {
        if (!draft.Takes(state, seq, now, rules, out var change))
            return false;
        draft.StoreAs(seq, now, change);
        InsertEntry(draft, target: 0, seq);
        foreach (var member in change.Members)
        {
            sql.PutMember.Bind(1, draft.Room.Id).Bind(2, member.UserId).Bind(3, (long)member.Role).Bind(4, member.From)
                .Bind(5, member.Until).Run();
        }

        var after = change.After;
        sql.ChangeRoom.Bind(1, draft.Room.Id).Bind(2, (long)after.Visibility).Bind(3, after.Title).Bind(4, after.Topic).Bind(5, after.Data)
            .Bind(6, after.Settings.ToJson()).Bind(7, after.Version).Run();
        return true;
    }

    private void InsertEntry(Draft draft, long target, long seq) =>
        sql.InsertEntry.Bind(1, draft.Room.Id).Bind(2, seq).Bind(3, (int)draft.Kind).Bind(4, draft.Sender.Id).Bind(5, target)
            .Bind(6, draft.ClientMessageId).Bind(7, now.Microseconds).Bind(8, draft.Data).Run();

    /// <summary>Looks for what the sender has stored under the draft's <c>client_msg_id</c>; the draft is told.</summary>
    private static bool TryFind(Draft draft, SqliteStatement find)
    {
        find.Bind(1, draft.Room.Id).Bind(2, draft.Sender.Id).Bind(3, draft.ClientMessageId);
        try
        {
            if (!find.Step())
                return false;
            draft.FoundAs(find.Int64(0), new Timestamp(find.Int64(1)), draft.Kind == EntryKind.Message ? find.Utf8(2).ToArray() : null);
            return true;
        }
        finally
        {
            find.Reset();
        }
    }

    private RoomState ReadState(Room room) => SqliteDatabase.Result(RoomStore.ReadStateAsync(sql.Connection, room.Id));

    /// <returns>Null where the room is not in the database.</returns>
    private long? ReadHead(Room room) => sql.Head.Bind(1, room.Id).ReadInt64();

    /// <returns>The room of the last run, and the position of what is stored next.</returns>
    private (long RoomId, long Position) ReadEnd()
    {
        try
        {
            return sql.End.Step() ? (sql.End.Int64(0), sql.End.Int64(1)) : (0, 1);
        }
        finally
        {
            sql.End.Reset();
        }
    }

    private LoggedMessage? ReadMessage(Room room, long seq)
    {
        var select = sql.ReadMessage.Bind(1, room.Id).Bind(2, seq);
        try
        {
            return select.Step()
                ? LoggedMessage.Of(SqliteMessageRow.Read(sql.Connection, select, names, room), SqliteMessageRow.UserId(select))
                : null;
        }
        finally
        {
            select.Reset();
        }
    }
}
