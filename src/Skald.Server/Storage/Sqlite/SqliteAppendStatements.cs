using Microsoft.Data.Sqlite;

namespace Skald.Server.Storage.Sqlite;

/// <summary>What an append asks of the writer's connection, looked up once and not for each batch or edit.</summary>
internal sealed class SqliteAppendStatements(SqliteConnection connection)
{
    public SqliteConnection Connection => connection;

    public SqliteStatement Head { get; } = Get(connection, "SELECT last_seq FROM rooms WHERE id = ?1");

    public SqliteStatement MoveHead { get; } = Get(connection, "UPDATE rooms SET last_seq = ?2 WHERE id = ?1");

    /// <summary>The room of the last run, and the position of what is stored next.</summary>
    public SqliteStatement End { get; } = Get(
        connection,
        """
        SELECT r.room_id, r.position + m.last_seq - r.first_seq + 1 FROM runs r JOIN rooms m ON m.id = r.room_id
        ORDER BY r.position DESC LIMIT 1
        """);

    public SqliteStatement InsertRun { get; } = Get(connection, "INSERT INTO runs (position, room_id, first_seq) VALUES (?1, ?2, ?3)");

    public SqliteStatement InsertMessage { get; } = Get(
        connection,
        """
        INSERT INTO messages (room_id, seq, user_id, client_msg_id, body, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (room_id, user_id, client_msg_id) WHERE client_msg_id IS NOT NULL DO NOTHING
        """);

    public SqliteStatement FindMessage { get; } = Get(
        connection, "SELECT seq, created_at, body FROM messages WHERE room_id = ?1 AND user_id = ?2 AND client_msg_id = ?3");

    public SqliteStatement FindEntry { get; } = Get(
        connection, "SELECT seq, created_at, NULL FROM entries WHERE room_id = ?1 AND user_id = ?2 AND client_msg_id = ?3");

    public SqliteStatement ReadMessage { get; } = Get(
        connection, $"SELECT {SqliteMessageRow.Columns} FROM messages m WHERE m.room_id = ?1 AND m.seq = ?2");

    public SqliteStatement InsertEntry { get; } = Get(
        connection,
        """
        INSERT INTO entries (room_id, seq, kind, user_id, target, client_msg_id, created_at, data)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        """);

    public SqliteStatement PutMember { get; } = Get(
        connection,
        """
        INSERT INTO members (room_id, user_id, role, from_seq, until_seq) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (room_id, user_id) DO UPDATE
        SET role = excluded.role, from_seq = excluded.from_seq, until_seq = excluded.until_seq
        """);

    public SqliteStatement ChangeRoom { get; } = Get(
        connection,
        "UPDATE rooms SET visibility = ?2, title = ?3, topic = ?4, data = ?5, settings = ?6, version = ?7 WHERE id = ?1");

    public SqliteStatement Edit { get; } = Get(
        connection, "UPDATE messages SET body = ?3, version = ?4, text_version = ?4, edited_at = ?5 WHERE room_id = ?1 AND seq = ?2");

    public SqliteStatement Delete { get; } = Get(
        connection, "UPDATE messages SET body = '', version = ?3, deleted_at = ?4, deleted_by = ?5 WHERE room_id = ?1 AND seq = ?2");

    private static SqliteStatement Get(SqliteConnection connection, string sql) => SqliteStatement.Get(connection, sql);
}
