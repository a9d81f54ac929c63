namespace Skald.Server.Connections;

/// <summary>What a client offers in <c>Sec-WebSocket-Protocol</c>: a name for the protocol, and maybe its access token.</summary>
/// <remarks>
/// A browser lets a page set no other header of a handshake. Unlike an address, this one is in no proxy's access log. A browser that
/// offered something fails the connection where nothing of it is answered, so whatever is offered is answered by one of it, but never
/// by the token.
/// </remarks>
internal static class Subprotocol
{
    /// <summary>The name of what is spoken here.</summary>
    private const string Name = "skald";

    private const string TokenPrefix = "skald.token.";

    /// <summary>What to answer.</summary>
    /// <returns>Null where nothing was offered but a token.</returns>
    public static string? Answer(HttpRequest request)
    {
        var offered = Offered(request);
        return Array.Exists(offered, one => one == Name) ? Name : Array.Find(offered, one => !IsToken(one));
    }

    /// <summary>The access token that was offered.</summary>
    /// <returns>Null when there is none; an empty text, which no token is, when there are several.</returns>
    public static string? TokenOf(HttpRequest request) => Array.FindAll(Offered(request), IsToken) switch
    {
        [] => null,
        [var one] => one[TokenPrefix.Length..],
        _ => "",
    };

    private static bool IsToken(string offered) => offered.StartsWith(TokenPrefix, StringComparison.Ordinal);

    private static string[] Offered(HttpRequest request) =>
        request.Headers.SecWebSocketProtocol.Count == 0 ? [] : request.Headers.GetCommaSeparatedValues("Sec-WebSocket-Protocol");
}
