using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Storage;

/// <summary>
/// The runs of one page of the whole log, from the table <c>runs</c>: a row says where a run begins, the next one where it ends.
/// </summary>
internal sealed class LogRuns
{
    /// <summary>
    /// How many rows <see cref="Sql"/> is to give: one more than a page has, to know where the last run of the page ends.
    /// </summary>
    public const int Rows = MostOfPage + 1;

    /// <summary>
    /// The run of position <c>$1</c> and those behind it, at most <c>$2</c>: what <see cref="Add"/> takes, but the room by its columns.
    /// PostgreSQL knows its parameters by these numbers; SQLite takes them for names, and numbers them as they first appear.
    /// </summary>
    public const string Sql =
        """
        SELECT r.position, r.first_seq, m.id, m.name, m.first_seq, m.last_seq, m.version
        FROM runs r JOIN rooms m ON m.id = r.room_id
        WHERE r.position >= coalesce((SELECT max(position) FROM runs WHERE position <= $1), 0) ORDER BY r.position LIMIT $2
        """;

    private const int MostOfPage = 256;

    private readonly List<LogRun> _runs = [];

    /// <summary>What of the page is of the selection: a run whose end is not known, since others follow it, is not of it.</summary>
    public List<LogRun> Page(LogSelection selection)
    {
        var page = new List<LogRun>(_runs.Count);
        foreach (var run in _runs.Take(MostOfPage))
        {
            if (run.Position <= selection.Last)
                page.Add(run.Between(selection.After, selection.Last));
        }

        return page;
    }

    public void Add(long position, long firstSeq, Room room)
    {
        if (_runs.Count > 0)
            _runs[^1] = _runs[^1] with { LastSeq = _runs[^1].FirstSeq + position - _runs[^1].Position - 1 };
        _runs.Add(new LogRun(position, room, firstSeq, room.LastSeq));
    }
}
