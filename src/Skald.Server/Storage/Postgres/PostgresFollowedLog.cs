using Npgsql;
using Skald.Server.Database;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Storage.Postgres;

/// <summary>The whole log by the table <c>runs</c>: where it goes on with another room.</summary>
internal sealed class PostgresFollowedLog(PostgresDatabase database) : IFollowedLog
{
    private const string Runs =
        """
        SELECT r.position, r.first_seq, m.id, m.name, m.first_seq, m.last_seq FROM runs r JOIN rooms m ON m.id = r.room_id
        WHERE r.position >= coalesce((SELECT max(position) FROM runs WHERE position <= $1), 0) ORDER BY r.position LIMIT $2
        """;

    private const string End = "SELECT position FROM log_end";

    /// <summary>Of one page of the whole log.</summary>
    private const int MostRuns = 256;

    public Task<LogPosition> ReadAsync(long after, int most, bool changesOnly, LogVisitor visit) => database.ReadAsync(async connection =>
    {
        var reached = after;
        var left = most;
        foreach (var run in await ReadRunsAsync(connection, after + 1))
        {
            var first = Math.Max(run.FirstSeq, run.FirstSeq + after + 1 - run.Position);
            await PostgresEntryReader.ReadAsync(
                connection, run.Room, Math.Max(first, run.Room.FirstSeq), run.LastSeq, left, changesOnly, (in entry) =>
                {
                    reached = run.Position + entry.Seq - run.FirstSeq;
                    visit(run.Room, reached, entry);
                    return --left > 0;
                });
            if (left == 0)
                break;
            reached = run.Position + run.LastSeq - run.FirstSeq;
        }

        await using var end = new NpgsqlCommand(End, connection);
        return new LogPosition(reached, Math.Max(reached, (long)(await end.ExecuteScalarAsync())!));
    });

    public Task<long> FindPositionAsync(string follower) => database.ReadAsync(connection => connection.FirstAsync(
        "SELECT position FROM followers WHERE name = @name", row => row.GetInt64(0), ("name", follower)));

    public Task KeepPositionAsync(string follower, long position) => database.WriteAsync(connection => connection.ExecuteAsync(
        "INSERT INTO followers (name, position) VALUES (@name, @position) ON CONFLICT (name) DO UPDATE SET position = @position",
        ("name", follower), ("position", position)));

    /// <summary>Runs of the whole log, from that of a position on, as of one moment.</summary>
    private static async Task<List<Run>> ReadRunsAsync(NpgsqlConnection connection, long position)
    {
        await using var command = new NpgsqlCommand(Runs, connection)
        {
            Parameters = { new() { Value = position }, new() { Value = MostRuns + 1L } },
        };
        var runs = new List<Run>();
        await using (var row = await command.ExecuteReaderAsync())
        {
            while (await row.ReadAsync())
            {
                var (start, first) = (row.GetInt64(0), row.GetInt64(1));
                if (runs.Count > 0)
                    runs[^1] = runs[^1].Until(start);
                var room = new Room(row.GetInt64(2), row.GetString(3), row.GetInt64(4), row.GetInt64(5));
                runs.Add(new Run(start, room, first, room.LastSeq));
            }
        }

        // Where others follow, the last one's end is not known.
        if (runs.Count > MostRuns)
            runs.RemoveAt(MostRuns);
        return runs;
    }

    /// <summary>Consecutive entries of one room that lie side by side in the whole log too.</summary>
    /// <param name="Position">The first one's.</param>
    /// <param name="Room">The room, as it is on disk: not the object that this node has of it.</param>
    /// <param name="FirstSeq">The first one's.</param>
    /// <param name="LastSeq">The last one's.</param>
    private readonly record struct Run(long Position, Room Room, long FirstSeq, long LastSeq)
    {
        /// <param name="next">Where the next one starts.</param>
        public Run Until(long next) => this with { LastSeq = FirstSeq + next - Position - 1 };
    }
}
