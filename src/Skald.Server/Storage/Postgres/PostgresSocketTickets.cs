using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Skald.Server.Database;
using Skald.Server.Identity;

namespace Skald.Server.Storage.Postgres;

/// <summary>For all nodes of a database: any of them redeems what one has issued. Their time is the database's.</summary>
internal sealed class PostgresSocketTickets(
    PostgresDatabase database,
    EndedSessions ended,
    IOptions<IdentityOptions> options,
    IOptions<IdentityLimits> limits,
    TimeProvider clock) : ISocketTickets
{
    private const string Issue = "SELECT skald_issue_ticket(@hash, @session, @user, @name, @lifetime, @most::int)";

    /// <summary>Of two who delete one row, the second waits for the first, and finds none.</summary>
    private const string Redeem =
        """
        DELETE FROM tickets t WHERE t.hash = @hash AND t.expires_at > skald_now()
        RETURNING t.user_id, t.username, t.session_id,
            EXISTS (SELECT FROM sessions s WHERE s.id = t.session_id AND s.revoked_at IS NOT NULL)
        """;

    private readonly int _mostPerSession = limits.Value.TicketsPerSession;
    private readonly Lock _gate = new();
    private readonly Queue<long> _issuedAt = [];   // by this node, within one lifetime

    public async ValueTask<string?> IssueAsync(CurrentUser user)
    {
        if (!TryCount())
            return null;
        var ticket = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var issued = await database.ExecuteAsync(connection => connection.FirstAsync(
            Issue,
            row => row.GetBoolean(0),
            ("hash", Hash(ticket)), ("session", user.SessionId), ("user", user.Id), ("name", user.Username),
            ("lifetime", (long)options.Value.TicketLifetime.TotalMicroseconds), ("most", _mostPerSession)));
        return issued ? ticket : null;
    }

    public async ValueTask<CurrentUser?> RedeemAsync(string ticket)
    {
        var found = await database.ExecuteAsync(connection => connection.FirstAsync<(CurrentUser User, bool HasEnded)?>(
            Redeem,
            row => (new CurrentUser(row.GetInt64(0), row.GetString(1), row.GetInt64(2)), row.GetBoolean(3)),
            ("hash", Hash(ticket))));
        return found is (var user, false) && !ended.Contains(user.SessionId) ? user : null;
    }

    private static byte[] Hash(string ticket) => SHA256.HashData(Encoding.UTF8.GetBytes(ticket));

    private bool TryCount()
    {
        lock (_gate)
        {
            var now = clock.GetTimestamp();
            while (_issuedAt.TryPeek(out var oldest) && clock.GetElapsedTime(oldest, now) >= options.Value.TicketLifetime)
                _issuedAt.Dequeue();
            if (_issuedAt.Count >= IdentityLimits.MostTickets)
                return false;
            _issuedAt.Enqueue(now);
            return true;
        }
    }
}
