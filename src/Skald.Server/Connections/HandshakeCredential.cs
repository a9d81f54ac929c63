using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Database;
using Skald.Server.Identity;

namespace Skald.Server.Connections;

/// <summary>Who opens a socket, by what the handshake brings: a ticket, a header, a subprotocol, a token in the address.</summary>
internal sealed class HandshakeCredential(AccessTokens tokens, ISocketTickets tickets, IOptions<IdentityOptions> options)
{
    public static ChatError None { get; } = new(
        ErrorCode.NotAuthenticated, "Bring an access token: Authorization: Bearer, the subprotocol skald.token.…, ?ticket= or ?token=.");

    private readonly ChatError _ticketRefused = new(
        ErrorCode.TokenNotValid,
        $"The ticket is wrong, used or older than {options.Value.TicketLifetime.TotalSeconds} s; ask for another.");

    /// <returns>The user, or why the credential is refused; null where there is none.</returns>
    public async ValueTask<Outcome<CurrentUser>?> ReadAsync(HttpRequest request)
    {
        if (request.Query.TryGetValue("ticket", out var ticket))
            return await RedeemAsync(ticket.ToString());

        var inQuery = request.Query["token"].ToString();
        var token = BearerAuthentication.TokenOf(request) ?? Subprotocol.TokenOf(request) ?? (inQuery.Length > 0 ? inQuery : null);
        if (token is null)
            return null;
        return await tokens.ValidateAsync(token);
    }

    private async ValueTask<Outcome<CurrentUser>> RedeemAsync(string ticket)
    {
        try
        {
            return await tickets.RedeemAsync(ticket) is { } holder ? holder : _ticketRefused;
        }
        catch (StorageException e)
        {
            return e.Error;
        }
    }
}
