namespace Skald.Server.Identity;

/// <summary>
/// One-time tickets for a socket's handshake: browsers send no header with it, and an access token in an address ends up in proxies'
/// logs.
/// </summary>
/// <remarks><c>SocketTicketsContract</c> tests this where they are kept in memory and in PostgreSQL.</remarks>
internal interface ISocketTickets
{
    /// <summary>Makes a ticket that stands for the user, once, within <see cref="IdentityOptions.TicketLifetime"/>.</summary>
    /// <returns>Null when the session, or the node, has too many unused ones.</returns>
    /// <exception cref="Database.StorageException">They are kept in a database that is away.</exception>
    ValueTask<string?> IssueAsync(CurrentUser user);

    /// <summary>Uses a ticket up. Of any number of callers with the same one, at whatever nodes, one succeeds.</summary>
    /// <returns>Null for a ticket that is unknown, used or too old, or whose session has ended.</returns>
    /// <exception cref="Database.StorageException">They are kept in a database that is away.</exception>
    ValueTask<CurrentUser?> RedeemAsync(string ticket);
}
