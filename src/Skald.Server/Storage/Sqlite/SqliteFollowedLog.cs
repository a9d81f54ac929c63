using System.Text;
using Microsoft.Data.Sqlite;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Storage.Sqlite;

/// <summary>The whole log by the table <c>runs</c>: where it goes on with another room.</summary>
internal sealed class SqliteFollowedLog(SqliteDatabase database) : IFollowedLog
{
    private const string Runs =
        """
        SELECT r.position, r.first_seq, m.id, m.name, m.first_seq, m.last_seq FROM runs r JOIN rooms m ON m.id = r.room_id
        WHERE r.position >= coalesce((SELECT max(position) FROM runs WHERE position <= ?1), 0) ORDER BY r.position LIMIT ?2
        """;

    private const string End =
        "SELECT r.position + m.last_seq - r.first_seq FROM runs r JOIN rooms m ON m.id = r.room_id ORDER BY r.position DESC LIMIT 1";

    /// <summary>Of one page of the whole log.</summary>
    private const int MostRuns = 256;

    private readonly SqliteEntryReader _entries = new();

    public Task<LogPosition> ReadAsync(long after, int most, bool changesOnly, LogVisitor visit) => database.ReadAsync(connection =>
    {
        var reached = after;
        var left = most;
        foreach (var run in ReadRuns(connection, after + 1))
        {
            var first = Math.Max(run.FirstSeq, run.FirstSeq + after + 1 - run.Position);
            _entries.Read(connection, run.Room, Math.Max(first, run.Room.FirstSeq), run.LastSeq, changesOnly, (in entry) =>
            {
                reached = run.Position + entry.Seq - run.FirstSeq;
                visit(run.Room, reached, entry);
                return --left > 0;
            });
            if (left == 0)
                break;
            reached = run.Position + run.LastSeq - run.FirstSeq;
        }

        return new LogPosition(reached, Math.Max(reached, SqliteStatement.Get(connection, End).ReadInt64() ?? 0));
    });

    public Task<long> FindPositionAsync(string follower) => database.ReadAsync(connection =>
        SqliteStatement.Get(connection, "SELECT position FROM followers WHERE name = ?1").Bind(1, follower).ReadInt64() ?? 0);

    public Task KeepPositionAsync(string follower, long position) => database.WriteAsync(connection =>
    {
        SqliteStatement.Get(
            connection,
            "INSERT INTO followers (name, position) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET position = ?2")
            .Bind(1, follower).Bind(2, position).Run();
        return true;
    });

    /// <summary>Runs of the whole log, from that of a position on, as of one moment.</summary>
    private static List<Run> ReadRuns(SqliteConnection connection, long position)
    {
        var runs = new List<Run>();
        var select = SqliteStatement.Get(connection, Runs).Bind(1, position).Bind(2, MostRuns + 1);
        try
        {
            while (select.Step())
            {
                var (start, first) = (select.Int64(0), select.Int64(1));
                if (runs.Count > 0)
                    runs[^1] = runs[^1].Until(start);
                var room = new Room(select.Int64(2), Encoding.UTF8.GetString(select.Utf8(3)), select.Int64(4), select.Int64(5));
                runs.Add(new Run(start, room, first, room.LastSeq));
            }
        }
        finally
        {
            select.Reset();
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
