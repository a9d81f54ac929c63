using Microsoft.Data.Sqlite;
using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Storage.Sqlite;

/// <summary>The logs in SQLite.</summary>
internal sealed class SqliteMessageStore(SqliteDatabase database, TimeProvider clock) : IMessageStore
{
    private readonly UserNames _names = new();

    public string Epoch => database.Epoch;

    public Task AppendAsync(Batch batch) => database.AppendAsync(connection => Append(connection, batch));

    public Task ReadAsync(Room room, long first, long last, MessageVisitor visit) =>
        ReadAsync("SELECT seq, user_id, body, created_at, client_msg_id FROM messages WHERE room_id = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq", room, first, last, visit);

    public Task ReadBackAsync(Room room, long first, long last, MessageVisitor visit) =>
        ReadAsync("SELECT seq, user_id, body, created_at, client_msg_id FROM messages WHERE room_id = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq DESC", room, first, last, visit);

    /// <remarks>Inside the transaction, so that a <c>seq</c> is as durable as its message.</remarks>
    private void Append(SqliteConnection connection, Batch batch)
    {
        var now = Timestamp.From(clock.GetUtcNow());
        var insert = SqliteStatement.Get(
            connection,
            """
            INSERT INTO messages (room_id, seq, user_id, client_msg_id, body, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (room_id, user_id, client_msg_id) WHERE client_msg_id IS NOT NULL DO NOTHING
            """);
        var select = SqliteStatement.Get(connection, "SELECT last_seq FROM rooms WHERE id = ?1");
        var move = SqliteStatement.Get(connection, "UPDATE rooms SET last_seq = ?2 WHERE id = ?1");
        foreach (var drafts in batch.ByRoom())
        {
            var room = drafts[0].Room;
            var head = ReadHead(select, room);
            foreach (var draft in drafts)
            {
                if (TryInsert(connection, insert, draft, head + 1, now))
                    draft.StoreAs(++head, now);
                else
                    Find(connection, draft);
            }

            move.Bind(1, room.Id).Bind(2, head).Run();
        }
    }

    private static long ReadHead(SqliteStatement select, Room room)
    {
        select.Bind(1, room.Id);
        try
        {
            return select.Step() ? select.Int64(0) : throw new InvalidOperationException($"Room {room.Id} is not in the database.");
        }
        finally
        {
            select.Reset();
        }
    }

    /// <returns>False where the sender's <c>client_msg_id</c> is stored already.</returns>
    private static bool TryInsert(SqliteConnection connection, SqliteStatement insert, Draft draft, long seq, Timestamp now)
    {
        insert.Bind(1, draft.Room.Id).Bind(2, seq).Bind(3, draft.Sender.Id).Bind(4, draft.ClientMessageId).Bind(5, draft.Text)
            .Bind(6, now.Microseconds).Run();
        return draft.ClientMessageId is null || SQLitePCL.raw.sqlite3_changes(connection.Handle) == 1;
    }

    private static void Find(SqliteConnection connection, Draft draft)
    {
        var select = SqliteStatement.Get(
                connection,
                "SELECT seq, created_at, body FROM messages WHERE room_id = ?1 AND user_id = ?2 AND client_msg_id = ?3")
            .Bind(1, draft.Room.Id).Bind(2, draft.Sender.Id).Bind(3, draft.ClientMessageId);
        try
        {
            select.Step();
            draft.FoundAs(select.Int64(0), new Timestamp(select.Int64(1)), select.Utf8(2).ToArray());
        }
        finally
        {
            select.Reset();
        }
    }

    private Task<bool> ReadAsync(string sql, Room room, long first, long last, MessageVisitor visit) =>
        database.ReadAsync(connection =>
        {
            Read(connection, sql, room, first, last, visit);
            return true;
        });

    private void Read(SqliteConnection connection, string sql, Room room, long first, long last, MessageVisitor visit)
    {
        var select = SqliteStatement.Get(connection, sql)
            .Bind(1, room.Id).Bind(2, first).Bind(3, last);
        try
        {
            while (select.Step())
            {
                var message = new ChatMessage
                {
                    Room = room.Name,
                    Seq = select.Int64(0),
                    Username = _names.Find(connection, select.Int64(1)),
                    Text = select.Utf8(2),
                    Timestamp = new Timestamp(select.Int64(3)),
                    ClientMessageId = select.Utf8(4),
                };
                if (!visit(message))
                    return;
            }
        }
        finally
        {
            select.Reset();
        }
    }
}
