using System.Text;
using Microsoft.Data.Sqlite;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Storage.Sqlite;

/// <summary>The whole log by the table <c>runs</c>: where it goes on with another room.</summary>
internal sealed class SqliteFollowedLog(SqliteDatabase database) : IFollowedLog
{
    public const string End =
        "SELECT r.position + m.last_seq - r.first_seq FROM runs r JOIN rooms m ON m.id = r.room_id ORDER BY r.position DESC LIMIT 1";

    private readonly SqliteEntryReader _entries = new();

    public Task<LogPosition> ReadAsync(long after, int most, bool changesOnly, LogVisitor visit) => database.ReadAsync(connection =>
    {
        var reached = after;
        var left = most;
        foreach (var run in ReadRuns(connection, after + 1))
        {
            _entries.Read(connection, run.Room, run.FirstSeqAfter(after), run.LastSeq, changesOnly, (in entry) =>
            {
                reached = run.PositionOf(entry.Seq);
                visit(run.Room, reached, entry);
                return --left > 0;
            });
            if (left == 0)
                break;
            reached = run.PositionOf(run.LastSeq);
        }

        return new LogPosition(reached, Math.Max(reached, SqliteStatement.Get(connection, End).ReadInt64() ?? 0));
    });

    public Task<long> FindPositionAsync(string follower) => database.FindPositionAsync(follower);

    public Task KeepPositionAsync(string follower, long position) => database.KeepPositionAsync(follower, position);

    /// <summary>Runs of the whole log, from that of a position on, as of one moment.</summary>
    private static IEnumerable<LogRun> ReadRuns(SqliteConnection connection, long position)
    {
        var runs = new LogRuns();
        var select = SqliteStatement.Get(connection, LogRuns.Sql).Bind(1, position).Bind(2, LogRuns.Rows);
        try
        {
            while (select.Step())
                runs.Add(
                    select.Int64(0),
                    select.Int64(1),
                    new Room(select.Int64(2), Encoding.UTF8.GetString(select.Utf8(3)), select.Int64(4), select.Int64(5)));
        }
        finally
        {
            select.Reset();
        }

        return runs.Page;
    }
}
