using Npgsql;
using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Storage.Postgres;

/// <summary>Reads a range of a room's log out of its two tables: in one statement, and so as of one moment.</summary>
internal static class PostgresEntryReader
{
    /// <remarks>An entry is read with its message as that is by then.</remarks>
    private const string Changes =
        $"""
        SELECT {PostgresMessageRow.Columns}, e.kind, e.seq AS place, b.username AS by_name, e.created_at AS stored_at
        FROM entries e JOIN messages m ON m.room_id = e.room_id AND m.seq = e.target
            {PostgresMessageRow.Names} JOIN users b ON b.id = e.user_id
        WHERE e.room_id = $1 AND e.seq BETWEEN $2 AND $3
        """;

    /// <remarks>0 is <see cref="EntryKind.Message"/>.</remarks>
    private const string Both =
        $"""
        SELECT {PostgresMessageRow.Columns}, 0, m.seq AS place, NULL::text, NULL::bigint
        FROM messages m {PostgresMessageRow.Names} WHERE m.room_id = $1 AND m.seq BETWEEN $2 AND $3
        UNION ALL
        {Changes}
        """;

    private const string InOrder = "\nORDER BY place LIMIT $4";

    /// <param name="first">A <c>seq</c>.</param>
    /// <param name="last">A <c>seq</c>.</param>
    /// <param name="most">How many entries are read at most.</param>
    /// <param name="changesOnly">Whether messages are left out.</param>
    /// <param name="visit">Called for each entry; false ends the reading.</param>
    public static async Task ReadAsync(
        NpgsqlConnection connection, Room room, long first, long last, long most, bool changesOnly, EntryVisitor visit)
    {
        await using var command = new NpgsqlCommand((changesOnly ? Changes : Both) + InOrder, connection)
        {
            Parameters = { new() { Value = room.Id }, new() { Value = first }, new() { Value = last }, new() { Value = most } },
        };
        await using var row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync() && visit(ReadEntry(row, room)))
        {
        }
    }

    private static LogEntry ReadEntry(NpgsqlDataReader row, Room room)
    {
        var message = PostgresMessageRow.Read(row, room);
        var kind = (EntryKind)row.GetInt32(PostgresMessageRow.Next);
        if (kind == EntryKind.Message)
            return LogEntry.Of(message);
        return new LogEntry
        {
            Message = message,
            Kind = kind,
            Seq = row.GetInt64(PostgresMessageRow.Next + 1),
            By = PostgresMessageRow.Utf8(row, PostgresMessageRow.Next + 2),
            Timestamp = PostgresMessageRow.Time(row, PostgresMessageRow.Next + 3),
        };
    }
}
