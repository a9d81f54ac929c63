using Npgsql;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Storage.Postgres;

/// <summary>The whole log by the table <c>runs</c>: where it goes on with another room.</summary>
/// <remarks>
/// Read on the connection that appends: that one is looked at whenever it is made anew, so nothing is read from a server that lacks what
/// this node has seen.
/// </remarks>
internal sealed class PostgresFollowedLog(PostgresDatabase database) : IFollowedLog
{
    private const string End = "SELECT position FROM log_end";

    public bool IsShared => true;

    public Task<LogPosition> ReadAsync(LogSelection selection, LogVisitor visit) => ReadAsync(async connection =>
    {
        var (runs, end) = await ReadRunsAsync(connection, selection);
        var wanted = selection.WantedOf(runs);
        var reached = selection.After;
        var left = selection.Most;
        if (wanted.Count > 0)
        {
            await PostgresEntryReader.ReadAsync(connection, wanted, left, selection.ChangesOnly, (run, in entry) =>
            {
                reached = run.PositionOf(entry.Seq);
                visit(run.Room, reached, entry);
                return --left > 0;
            });
        }

        if (left > 0 && runs.Count > 0)
            reached = Math.Max(reached, runs[^1].LastPosition);
        return new LogPosition(reached, Math.Max(reached, end));
    });

    public Task<long> FindEndAsync() => ReadAsync(ReadEndAsync);

    public Task<long> FindPositionAsync(string follower) => database.FindPositionAsync(follower);

    public Task KeepPositionAsync(string follower, long position) => database.KeepPositionAsync(follower, position);

    private Task<T> ReadAsync<T>(Func<NpgsqlConnection, Task<T>> work) => database.Lane.RunAsync(work, stores: false);

    private async Task<long> ReadEndAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(End, connection);
        return Seen((long)(await command.ExecuteScalarAsync())!);
    }

    private long Seen(long end)
    {
        database.Lane.Reached(end);
        return end;
    }

    /// <summary>Runs of the whole log, as of one moment, and its end as of a later one: in one round trip.</summary>
    private async Task<(List<LogRun> Runs, long End)> ReadRunsAsync(NpgsqlConnection connection, LogSelection selection)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new(LogRuns.Sql) { Parameters = { new() { Value = selection.After + 1 }, new() { Value = (long)LogRuns.Rows } } },
                new(End),
            },
        };
        var runs = new LogRuns();
        await using var row = await batch.ExecuteReaderAsync();
        while (await row.ReadAsync())
        {
            var room = new Room(row.GetInt64(2), row.GetString(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6));
            runs.Add(row.GetInt64(0), row.GetInt64(1), room);
        }

        await row.NextResultAsync();
        await row.ReadAsync();
        return (runs.Page(selection), Seen(row.GetInt64(0)));
    }
}
