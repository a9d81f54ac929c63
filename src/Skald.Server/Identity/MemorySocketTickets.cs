using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;

namespace Skald.Server.Identity;

/// <summary>
/// For a node that has its database to itself: a ticket lives for seconds, and a restart only costs the client another. 100,000 are some
/// 30 MB.
/// </summary>
internal sealed class MemorySocketTickets(
    EndedSessions ended, IOptions<IdentityOptions> options, IOptions<IdentityLimits> limits, TimeProvider clock) : ISocketTickets
{
    private readonly int _maxPerSession = limits.Value.TicketsPerSession;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Ticket> _tickets = new(StringComparer.Ordinal);
    private readonly Dictionary<long, int> _perSession = [];

    /// <summary>Used and unused tickets in the order of their issue, which is that of their expiry.</summary>
    private readonly Queue<(string Value, long IssuedAt)> _order = [];

    public ValueTask<string?> IssueAsync(CurrentUser user)
    {
        var value = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        lock (_gate)
        {
            var now = clock.GetTimestamp();
            Expire(now);
            var held = _perSession.GetValueOrDefault(user.SessionId);
            if (held >= _maxPerSession || _order.Count >= IdentityLimits.MostTickets)
                return default;
            _perSession[user.SessionId] = held + 1;
            _tickets[value] = new Ticket(user, now);
            _order.Enqueue((value, now));
        }

        return ValueTask.FromResult<string?>(value);
    }

    public ValueTask<CurrentUser?> RedeemAsync(string ticket)
    {
        Ticket found;
        lock (_gate)
        {
            if (!TryTake(ticket, out found))
                return default;
        }

        var inTime = clock.GetElapsedTime(found.IssuedAt) < options.Value.TicketLifetime;
        return ValueTask.FromResult<CurrentUser?>(inTime && !ended.Contains(found.User.SessionId) ? found.User : null);
    }

    private bool TryTake(string value, out Ticket ticket)
    {
        if (!_tickets.Remove(value, out ticket))
            return false;
        var session = ticket.User.SessionId;
        if (--_perSession[session] == 0)
            _perSession.Remove(session);
        return true;
    }

    private void Expire(long now)
    {
        while (_order.TryPeek(out var oldest) && clock.GetElapsedTime(oldest.IssuedAt, now) >= options.Value.TicketLifetime)
        {
            _order.Dequeue();
            TryTake(oldest.Value, out _);
        }
    }

    private readonly record struct Ticket(CurrentUser User, long IssuedAt);
}
