using System.Security.Cryptography;
using System.Text;

namespace Skald.Bench.Sockets;

/// <summary>The opening handshake of RFC 6455, section 4.</summary>
public static class WebSocketHandshake
{
    /// <summary>The value of <c>Sec-WebSocket-Accept</c> that answers a <c>Sec-WebSocket-Key</c>.</summary>
    public static string AcceptKey(string key)
    {
        // SHA-1 is what the RFC names; it guards nothing here.
#pragma warning disable CA5350
        return Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
    }
}
