using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Storage.Sqlite;

/// <summary>The logs in SQLite: messages in one table, what was done to them in another, and one numbering over both.</summary>
internal sealed class SqliteMessageStore(SqliteDatabase database, SqliteErasure erasure, IOptions<RoomsOptions> rules, TimeProvider clock) : IMessageStore
{
    private const string Messages =
        $"SELECT {SqliteMessageRow.Columns} FROM messages m WHERE m.room_id = ?1 AND m.seq BETWEEN ?2 AND ?3 AND m.deleted_at IS NULL ORDER BY m.seq";

    /// <summary>One statement, and so one moment: an entry is read with its message as that is by then. 0 is <see cref="EntryKind.Message"/>.</summary>
    private const string Entries =
        $"""
        SELECT {SqliteMessageRow.Columns}, 0, m.seq AS place, m.user_id, m.created_at
        FROM messages m WHERE m.room_id = ?1 AND m.seq BETWEEN ?2 AND ?3
        UNION ALL
        SELECT {SqliteMessageRow.Columns}, e.kind, e.seq, e.user_id, e.created_at
        FROM entries e JOIN messages m ON m.room_id = e.room_id AND m.seq = e.target
        WHERE e.room_id = ?1 AND e.seq BETWEEN ?2 AND ?3
        ORDER BY place
        """;

    private readonly UserNames _names = new();

    public string Epoch => database.Epoch;

    public Task AppendAsync(Batch batch) =>
        database.AppendAsync(connection =>
        {
            new SqliteAppend(connection, _names, rules.Value, Timestamp.From(clock.GetUtcNow())).Run(batch);
            // An edit, too, erases a text.
            foreach (var draft in batch)
            {
                if (draft.Changed is not null)
                    erasure.Schedule();
            }
        });

    public Task ReadAsync(Room room, long first, long last, EntryVisitor visit) =>
        ReadAsync(Entries, room, first, last, (connection, select) => visit(new LogEntry
        {
            Message = SqliteMessageRow.Read(connection, select, _names, room),
            Kind = (EntryKind)select.Int64(SqliteMessageRow.Next),
            Seq = select.Int64(SqliteMessageRow.Next + 1),
            By = _names.Find(connection, select.Int64(SqliteMessageRow.Next + 2)),
            Timestamp = new Timestamp(select.Int64(SqliteMessageRow.Next + 3)),
        }));

    public Task ReadMessagesAsync(Room room, long first, long last, bool newestFirst, MessageVisitor visit) =>
        ReadAsync(
            newestFirst ? Messages + " DESC" : Messages, room, first, last, (connection, select) => visit(SqliteMessageRow.Read(connection, select, _names, room)));

    private Task<bool> ReadAsync(string sql, Room room, long first, long last, Func<SqliteConnection, SqliteStatement, bool> visit) =>
        database.ReadAsync(connection =>
        {
            var select = SqliteStatement.Get(connection, sql).Bind(1, room.Id).Bind(2, first).Bind(3, last);
            try
            {
                while (select.Step() && visit(connection, select))
                {
                }
            }
            finally
            {
                select.Reset();
            }

            return true;
        });
}
