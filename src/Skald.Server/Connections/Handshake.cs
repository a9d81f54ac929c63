using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Skald.Protocol;

namespace Skald.Server.Connections;

/// <summary>The opening handshake of RFC 6455, section 4.2: refuses what is not one, and answers what is.</summary>
internal static class Handshake
{
    private const string Version = "13";
    private const string AcceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    /// <returns>Null when the request is a proper handshake from a page that may make it.</returns>
    public static ChatError? Check(HttpContext context, ConnectionsOptions options)
    {
        var request = context.Request;
        var upgrade = context.Features.Get<IHttpUpgradeFeature>();
        if (upgrade?.IsUpgradableRequest != true || !HttpProtocol.IsHttp11(request.Protocol)
            || !request.Headers.Upgrade.ToString().Equals("websocket", StringComparison.OrdinalIgnoreCase))
            return new ChatError(ErrorCode.UpgradeRequired, "This address is a WebSocket: open it with ws:// or wss://, over HTTP/1.1.");
        if (request.Headers.SecWebSocketVersion != Version)
            return new ChatError(ErrorCode.UpgradeRequired, $"Only WebSocket version {Version} is spoken here.");
        if (!IsKey(request.Headers.SecWebSocketKey.ToString()))
            return new ChatError(ErrorCode.Malformed, "Sec-WebSocket-Key must be 16 bytes in base64.");
        return IsAllowedOrigin(request, options)
            ? null
            : new ChatError(ErrorCode.Forbidden, "Pages of this origin may not open sockets here; the setting Connections:AllowedOrigins lists those that may.");
    }

    /// <summary>Switches protocols.</summary>
    /// <returns>The connection's stream, once the answer has been handed to the socket.</returns>
    public static Task<Stream> AcceptAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.Upgrade = "websocket";
        headers.Connection = HeaderNames.Upgrade;
        headers.SecWebSocketAccept = Accept(context.Request.Headers.SecWebSocketKey.ToString());
        return context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
    }

    /// <summary>A refusal names the version that is spoken (RFC 6455, section 4.4).</summary>
    public static void NameVersion(HttpResponse response) => response.Headers.SecWebSocketVersion = Version;

    private static bool IsKey(string key)
    {
        Span<byte> bytes = stackalloc byte[18];
        return key.Length == 24 && Convert.TryFromBase64String(key, bytes, out var length) && length == 16;
    }

    /// <remarks>A page anywhere can open a socket here in its visitor's browser; the Origin header, which it cannot forge, tells. Programs send none.</remarks>
    private static bool IsAllowedOrigin(HttpRequest request, ConnectionsOptions options)
    {
        var origins = request.Headers.Origin;
        if (origins.Count == 0)
            return true;
        if (origins is not [{ } origin])
            return false;
        return string.Equals(origin, $"{request.Scheme}://{request.Host.Value}", StringComparison.OrdinalIgnoreCase)
            || options.AllowedOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase);
    }

#pragma warning disable CA5350 // SHA-1 is what the RFC asks for; nothing is kept secret by it.
    private static string Accept(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + AcceptSuffix)));
#pragma warning restore CA5350
}
