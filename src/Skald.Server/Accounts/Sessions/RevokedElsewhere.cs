using Skald.Server.Database;

namespace Skald.Server.Accounts.Sessions;

/// <summary>
/// Finds the sessions that were revoked by other nodes of this database, and by commands beside them, and ends them here. On
/// PostgreSQL: a file of SQLite has one process.
/// </summary>
/// <remarks>
/// <para>
/// By transactions and not by time. Each look keeps the oldest transaction that was in progress at its snapshot; whatever that
/// snapshot did not show is of this one or a later one, so the next look, which asks from there on, sees it. One that is seen twice
/// makes no difference. The upper bound leaves out numbers that a dump has brought along from another server.
/// </para>
/// <para>
/// Another timeline is a server that was promoted: where its standby lacked transactions, their numbers are given out again. Then, and
/// at first, everything is read anew that an access token may still be in its time of.
/// </para>
/// </remarks>
internal sealed class RevokedElsewhere(IDatabase database, SessionLifecycle sessions)
{
    private const string Query =
        """
        SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), pg_snapshot_xmin(pg_current_snapshot())::text::bigint, s.id
        FROM (VALUES (1)) AS one LEFT JOIN sessions s
            ON s.ended_in >= @from::bigint::text::xid8 AND s.ended_in < pg_snapshot_xmax(pg_current_snapshot())
        """;

    private volatile Look? _last;

    /// <summary>What was committed before the call has ended here once it completes. One query, of a row where nothing has ended.</summary>
    /// <exception cref="StorageException">The database cannot be read now. The next look finds what this one was to find.</exception>
    public async Task LookAsync()
    {
        var last = _last;
        var rows = await database.ReadAsync(connection => connection.ListAsync(
            Query,
            row => (Seen: new Look(row.GetString(0), row.GetInt64(1)), Ended: row.IsDBNull(2) ? (long?)null : row.GetInt64(2)),
            ("from", last?.Horizon ?? long.MaxValue)));
        var seen = rows[0].Seen;
        if (last?.Timeline == seen.Timeline)
            sessions.EndToo(rows.Select(row => row.Ended).OfType<long>());
        else
            await sessions.LoadEndedAsync();   // after the horizon was read: what ends in between is found by the next look
        _last = seen;
    }

    /// <param name="Timeline">Of the server's write-ahead log.</param>
    /// <param name="Horizon">The number of the oldest transaction that was in progress.</param>
    private sealed record Look(string Timeline, long Horizon);
}
