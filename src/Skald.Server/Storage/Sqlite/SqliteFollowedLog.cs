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

    public bool IsShared => false;

    public Task<LogPosition> ReadAsync(LogSelection selection, LogVisitor visit) => database.ReadAsync(connection =>
    {
        var runs = ReadRuns(connection, selection);
        var reached = selection.After;
        var left = selection.Most;
        foreach (var run in selection.WantedOf(runs))
        {
            _entries.Read(connection, run.Room, run.FirstSeq, run.LastSeq, selection.ChangesOnly, (in entry) =>
            {
                reached = run.PositionOf(entry.Seq);
                visit(run.Room, reached, entry);
                return --left > 0;
            });
            if (left == 0)
                break;
        }

        if (left > 0 && runs.Count > 0)
            reached = Math.Max(reached, runs[^1].LastPosition);
        return new LogPosition(reached, Math.Max(reached, ReadEnd(connection)));
    });

    public Task<long> FindEndAsync() => database.ReadAsync(ReadEnd);

    public Task<long> FindPositionAsync(string follower) => database.FindPositionAsync(follower);

    public Task KeepPositionAsync(string follower, long position) => database.KeepPositionAsync(follower, position);

    private static long ReadEnd(SqliteConnection connection) => SqliteStatement.Get(connection, End).ReadInt64() ?? 0;

    /// <summary>Runs of the whole log, as of one moment.</summary>
    private static List<LogRun> ReadRuns(SqliteConnection connection, LogSelection selection)
    {
        var runs = new LogRuns();
        var select = SqliteStatement.Get(connection, LogRuns.Sql).Bind(1, selection.After + 1).Bind(2, LogRuns.Rows);
        try
        {
            while (select.Step())
                runs.Add(
                    select.Int64(0),
                    select.Int64(1),
                    new Room(
                        select.Int64(2), Encoding.UTF8.GetString(select.Utf8(3)), select.Int64(4), select.Int64(5), select.Int64(6)));
        }
        finally
        {
            select.Reset();
        }

        return runs.Page(selection);
    }
}
