using Microsoft.Data.Sqlite;
using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Storage.Sqlite;

/// <summary>Reads a range of a room's log out of its two tables.</summary>
internal sealed class SqliteEntryReader
{
    private const string Messages =
        $"SELECT {SqliteMessageRow.Columns} FROM messages m WHERE m.room_id = ?1 AND m.seq BETWEEN ?2 AND ?3 ORDER BY m.seq";

    private const string Changes =
        $"""
        SELECT {SqliteMessageRow.Columns}, e.kind, e.seq AS place, e.user_id, e.created_at, e.data
        FROM entries e LEFT JOIN messages m ON m.room_id = e.room_id AND m.seq = e.target
        WHERE e.room_id = ?1 AND e.seq BETWEEN ?2 AND ?3
        """;

    private const string InOrder = "\nORDER BY place";

    /// <summary>One statement, and so one moment: an entry is read with its message as that is by then.</summary>
    /// <remarks>0 is <see cref="EntryKind.Message"/>.</remarks>
    private const string Both =
        $"""
        SELECT {SqliteMessageRow.Columns}, 0, m.seq AS place, NULL, NULL, NULL
        FROM messages m WHERE m.room_id = ?1 AND m.seq BETWEEN ?2 AND ?3
        UNION ALL
        {Changes}{InOrder}
        """;

    private const string AnyChange = "SELECT EXISTS (SELECT 1 FROM entries WHERE room_id = ?1 AND seq BETWEEN ?2 AND ?3)";

    private readonly UserNames _names = new();

    /// <summary>Reads entries in order, as of one moment.</summary>
    /// <param name="connection">A reader's.</param>
    /// <param name="room">The room.</param>
    /// <param name="first">A <c>seq</c>.</param>
    /// <param name="last">A <c>seq</c>.</param>
    /// <param name="changesOnly">Whether messages are left out.</param>
    /// <param name="visit">Called for each entry; false ends the reading.</param>
    public void Read(SqliteConnection connection, Room room, long first, long last, bool changesOnly, EntryVisitor visit)
    {
        var any = SqliteStatement.Get(connection, AnyChange).Bind(1, room.Id).Bind(2, first).Bind(3, last);
        try
        {
            // Most of a log is messages, and those alone are read in two thirds of the time. What follows reads the database of the same
            // moment, since this statement is not at its end: SQLite's transaction lasts as long as any statement of its connection.
            var changed = any.Step() && any.Int64(0) != 0;
            if (changesOnly && !changed)
                return;
            var sql = changesOnly ? Changes + InOrder : changed ? Both : Messages;
            var select = SqliteStatement.Get(connection, sql).Bind(1, room.Id).Bind(2, first).Bind(3, last);
            try
            {
                while (select.Step() && visit(ReadEntry(connection, select, room, messagesOnly: !changed)))
                {
                }
            }
            finally
            {
                select.Reset();
            }
        }
        finally
        {
            any.Reset();
        }
    }

    private LogEntry ReadEntry(SqliteConnection connection, SqliteStatement row, Room room, bool messagesOnly)
    {
        var kind = messagesOnly ? EntryKind.Message : (EntryKind)row.Int64(SqliteMessageRow.Next);
        if (kind == EntryKind.Message)
            return LogEntry.Of(SqliteMessageRow.Read(connection, row, _names, room));
        return new LogEntry
        {
            Kind = kind,
            Room = room.Name,
            Message = SqliteMessageRow.IsThere(row) ? SqliteMessageRow.Read(connection, row, _names, room) : default,
            Seq = row.Int64(SqliteMessageRow.Next + 1),
            By = _names.Find(connection, row.Int64(SqliteMessageRow.Next + 2)),
            Timestamp = new Timestamp(row.Int64(SqliteMessageRow.Next + 3)),
            Data = row.Utf8(SqliteMessageRow.Next + 4),
        };
    }
}
