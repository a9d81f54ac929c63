using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Net.Http.Headers;
using Skald.Protocol;

namespace Skald.Server.Connections;

/// <summary>
/// The opening handshake, of RFC 6455 (section 4.2) over HTTP/1.1 and of RFC 8441 over HTTP/2: refuses what is not one, and answers
/// what is.
/// </summary>
/// <remarks>
/// Over HTTP/2 the request is an extended CONNECT and its stream the socket. A browser chooses that by itself, where TLS has agreed on
/// HTTP/2.
/// </remarks>
internal static class Handshake
{
    private const string Version = "13";
    private const string Protocol = "websocket";
    private const string AcceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    public static ChatError ForeignOrigin { get; } =
        new(
            ErrorCode.Forbidden,
            "Pages of this origin may not open sockets here; the setting Connections:AllowedOrigins lists those that may.");

    public static ChatError UpgradeDropped { get; } = new(
        ErrorCode.UpgradeRequired,
        "The handshake came without the header Upgrade, so a proxy on the way drops it: let it pass Upgrade and Connection on, over HTTP/1.1.");

    /// <summary>The methods of a handshake: of HTTP/1.1, and of HTTP/2.</summary>
    public static string[] Methods { get; } = [HttpMethods.Get, HttpMethods.Connect];

    /// <returns>Null when the request is a proper handshake from a page that may make it.</returns>
    public static ChatError? Check(HttpContext context, ConnectionsOptions options)
    {
        var headers = context.Request.Headers;
        if (!IsStream(context) && !IsUpgrade(context))
        {
            return headers.Upgrade.Count == 0 && headers.SecWebSocketKey.Count > 0
                ? UpgradeDropped
                : new ChatError(
                    ErrorCode.UpgradeRequired,
                    "This address is a WebSocket: open it with ws:// or wss://, over HTTP/1.1 or as an extended CONNECT over HTTP/2.");
        }

        if (headers.SecWebSocketVersion != Version)
            return new ChatError(ErrorCode.UpgradeRequired, $"Only WebSocket version {Version} is spoken here.");
        if (!IsStream(context) && !IsKey(headers.SecWebSocketKey.ToString()))
            return new ChatError(ErrorCode.Malformed, "Sec-WebSocket-Key must be 16 bytes in base64.");
        return IsAllowedOrigin(context.Request, options) ? null : ForeignOrigin;
    }

    /// <summary>Whether the socket is one stream of many of its connection.</summary>
    public static bool IsStream(HttpContext context) =>
        context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect
        && connect.Protocol.Equals(Protocol, StringComparison.OrdinalIgnoreCase);

    /// <summary>Switches protocols.</summary>
    /// <returns>The stream of the socket, once the answer has been handed to the connection.</returns>
    public static async Task<Stream> AcceptAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        if (Subprotocol.Answer(context.Request) is { } subprotocol)
            headers.SecWebSocketProtocol = subprotocol;
        if (IsStream(context))
        {
            // What a socket sends is no body: it has no end to wait for, and an idle one is not a slow one.
            if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
                size.MaxRequestBodySize = null;
            if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
                rate.MinDataRate = null;
            return await context.Features.GetRequiredFeature<IHttpExtendedConnectFeature>().AcceptAsync();
        }

        headers.Upgrade = Protocol;
        headers.Connection = HeaderNames.Upgrade;
        headers.SecWebSocketAccept = Accept(context.Request.Headers.SecWebSocketKey.ToString());
        return await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
    }

    /// <summary>A refusal names the version that is spoken (RFC 6455, section 4.4).</summary>
    public static void NameVersion(HttpResponse response) => response.Headers.SecWebSocketVersion = Version;

    private static bool IsUpgrade(HttpContext context) =>
        context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } && HttpProtocol.IsHttp11(context.Request.Protocol)
        && context.Request.Headers.Upgrade.ToString().Equals(Protocol, StringComparison.OrdinalIgnoreCase);

    private static bool IsKey(string key)
    {
        Span<byte> bytes = stackalloc byte[18];
        return key.Length == 24 && Convert.TryFromBase64String(key, bytes, out var length) && length == 16;
    }

    /// <remarks>
    /// A page anywhere can open a socket here in its visitor's browser; the Origin header, which it cannot forge, tells. Programs send
    /// none.
    /// </remarks>
    private static bool IsAllowedOrigin(HttpRequest request, ConnectionsOptions options)
    {
        var origins = request.Headers.Origin;
        if (origins.Count == 0)
            return true;
        return origins is [{ } text] && WebOrigin.Parse(text) is { } origin
            && (origin == WebOrigin.Parse($"{request.Scheme}://{request.Host}") || options.Allows(origin));
    }

#pragma warning disable CA5350 // SHA-1 is what the RFC asks for; nothing is kept secret by it.
    private static string Accept(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + AcceptSuffix)));
#pragma warning restore CA5350
}
