using Npgsql;
using Skald.Protocol;
using Skald.Server.History;
using static Skald.Server.Storage.Postgres.PostgresParameters;

namespace Skald.Server.Storage.Postgres;

/// <summary>Reads ranges of rooms' logs out of their two tables: in one statement, and so as of one moment.</summary>
/// <remarks>
/// The limit inside has PostgreSQL look each run up by the primary key, whatever it believes of their number. An entry is read with
/// its message as that is by then.
/// </remarks>
internal static class PostgresEntryReader
{
    private const string Runs = "unnest($1, $2, $3) WITH ORDINALITY AS w(room_id, first, last, run)";

    private const string Changes =
        $"""
        SELECT {PostgresMessageRow.Columns}, w.run, e.kind, e.seq AS place, (SELECT b.username FROM users b WHERE b.id = e.user_id),
            e.created_at, e.data
        FROM {Runs} CROSS JOIN LATERAL (
            SELECT * FROM entries x WHERE x.room_id = w.room_id AND x.seq BETWEEN w.first AND w.last ORDER BY x.seq LIMIT $4) e
        LEFT JOIN messages m ON m.room_id = e.room_id AND m.seq = e.target
        """;

    /// <remarks>0 is <see cref="EntryKind.Message"/>.</remarks>
    private const string Both =
        $"""
        SELECT {PostgresMessageRow.Columns}, w.run, 0, m.seq AS place, NULL::text, NULL::bigint, NULL::text
        FROM {Runs} CROSS JOIN LATERAL (
            SELECT * FROM messages x WHERE x.room_id = w.room_id AND x.seq BETWEEN w.first AND w.last ORDER BY x.seq LIMIT $4) m
        UNION ALL
        {Changes}
        """;

    private const string InOrder = "\nORDER BY run, place LIMIT $4";

    /// <param name="most">How many entries are read at most.</param>
    /// <param name="changesOnly">Whether messages are left out.</param>
    /// <param name="visit">Called for each entry, run by run; false ends the reading.</param>
    public static async Task ReadAsync(
        NpgsqlConnection connection, IReadOnlyList<LogRun> runs, long most, bool changesOnly, RunVisitor visit)
    {
        await using var command = new NpgsqlCommand((changesOnly ? Changes : Both) + InOrder, connection)
        {
            Parameters =
            {
                Array(runs.Select(run => run.Room.Id)), Array(runs.Select(run => run.FirstSeq)), Array(runs.Select(run => run.LastSeq)),
                new NpgsqlParameter<long> { TypedValue = most },
            },
        };
        await using var row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync())
        {
            var run = runs[(int)row.GetInt64(PostgresMessageRow.Next) - 1];
            if (!visit(run, ReadEntry(row, run)))
                break;
        }
    }

    private static LogEntry ReadEntry(NpgsqlDataReader row, LogRun run)
    {
        var kind = (EntryKind)row.GetInt32(PostgresMessageRow.Next + 1);
        if (kind == EntryKind.Message)
            return LogEntry.Of(PostgresMessageRow.Read(row, run.Room));
        return new LogEntry
        {
            Kind = kind,
            Room = run.Room.Name,
            Message = PostgresMessageRow.IsThere(row) ? PostgresMessageRow.Read(row, run.Room) : default,
            Seq = row.GetInt64(PostgresMessageRow.Next + 2),
            By = PostgresMessageRow.Utf8(row, PostgresMessageRow.Next + 3),
            Timestamp = PostgresMessageRow.Time(row, PostgresMessageRow.Next + 4),
            Data = PostgresMessageRow.Utf8(row, PostgresMessageRow.Next + 5),
        };
    }
}

/// <param name="entry">Valid during the call.</param>
/// <returns>Whether to go on.</returns>
internal delegate bool RunVisitor(LogRun run, in LogEntry entry);
