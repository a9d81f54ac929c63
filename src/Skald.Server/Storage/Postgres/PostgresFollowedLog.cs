using Npgsql;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Storage.Postgres;

/// <summary>The whole log by the table <c>runs</c>: where it goes on with another room.</summary>
internal sealed class PostgresFollowedLog(PostgresDatabase database) : IFollowedLog
{
    private const string End = "SELECT position FROM log_end";

    public Task<LogPosition> ReadAsync(long after, int most, bool changesOnly, LogVisitor visit) => database.ReadAsync(async connection =>
    {
        var reached = after;
        var left = most;
        foreach (var run in await ReadRunsAsync(connection, after + 1))
        {
            await PostgresEntryReader.ReadAsync(
                connection, run.Room, run.FirstSeqAfter(after), run.LastSeq, left, changesOnly, (in entry) =>
                {
                    reached = run.PositionOf(entry.Seq);
                    visit(run.Room, reached, entry);
                    return --left > 0;
                });
            if (left == 0)
                break;
            reached = run.PositionOf(run.LastSeq);
        }

        await using var end = new NpgsqlCommand(End, connection);
        return new LogPosition(reached, Math.Max(reached, (long)(await end.ExecuteScalarAsync())!));
    });

    public Task<long> FindPositionAsync(string follower) => database.FindPositionAsync(follower);

    public Task KeepPositionAsync(string follower, long position) => database.KeepPositionAsync(follower, position);

    /// <summary>Runs of the whole log, from that of a position on, as of one moment.</summary>
    private static async Task<IEnumerable<LogRun>> ReadRunsAsync(NpgsqlConnection connection, long position)
    {
        await using var command = new NpgsqlCommand(LogRuns.Sql, connection)
        {
            Parameters = { new() { Value = position }, new() { Value = (long)LogRuns.Rows } },
        };
        var runs = new LogRuns();
        await using var row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync())
            runs.Add(row.GetInt64(0), row.GetInt64(1), new Room(row.GetInt64(2), row.GetString(3), row.GetInt64(4), row.GetInt64(5)));
        return runs.Page;
    }
}
