using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;

namespace Skald.Server.Identity;

/// <summary>
/// One-time tickets for a socket's handshake: browsers send no header with it, and an access token in an address ends up in proxies'
/// logs. In memory: a ticket lives for seconds, and a restart only costs the client another.
/// </summary>
internal sealed class SocketTickets(
    EndedSessions ended, IOptions<IdentityOptions> options, IOptions<IdentityLimits> limits, TimeProvider clock)
{
    /// <summary>Tickets that the node issues within one lifetime, used or not: some 30 MB.</summary>
    private const int MaxTickets = 100_000;

    /// <summary>Unused tickets a session may hold for each socket its user may have.</summary>
    private const int TicketsPerConnection = 4;

    private readonly int _maxPerSession = limits.Value.ConnectionsPerUser > 0
        ? limits.Value.ConnectionsPerUser * TicketsPerConnection
        : MaxTickets;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Ticket> _tickets = new(StringComparer.Ordinal);
    private readonly Dictionary<long, int> _perSession = [];

    /// <summary>Used and unused tickets in the order of their issue, which is that of their expiry.</summary>
    private readonly Queue<(string Value, long IssuedAt)> _order = [];

    /// <summary>Makes a ticket that stands for the user, once, within <see cref="IdentityOptions.TicketLifetime"/>.</summary>
    /// <returns>Null when the session, or the node, has too many unused ones.</returns>
    public string? Issue(CurrentUser user)
    {
        var value = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        lock (_gate)
        {
            var now = clock.GetTimestamp();
            Expire(now);
            var held = _perSession.GetValueOrDefault(user.SessionId);
            if (held >= _maxPerSession || _order.Count >= MaxTickets)
                return null;
            _perSession[user.SessionId] = held + 1;
            _tickets[value] = new Ticket(user, now);
            _order.Enqueue((value, now));
        }

        return value;
    }

    /// <summary>Uses a ticket up. Of any number of callers with the same one, one succeeds.</summary>
    /// <returns>False for a ticket that is unknown, used or too old, or whose session has ended.</returns>
    public bool TryRedeem(string ticket, out CurrentUser user)
    {
        Ticket found;
        lock (_gate)
        {
            if (!TryTake(ticket, out found))
            {
                user = default;
                return false;
            }
        }

        user = found.User;
        return clock.GetElapsedTime(found.IssuedAt) < options.Value.TicketLifetime && !ended.Contains(user.SessionId);
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
