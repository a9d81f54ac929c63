using System.Text;
using Skald.Bench.Sockets;

namespace Skald.Bench.Peers.Floor;

/// <summary>As much of the opening handshake as is needed: the room in the path and the client's key.</summary>
internal static class UpgradeRequest
{
    private const string PathBeforeRoom = "/ws/chat/";
    private const string KeyHeader = "Sec-WebSocket-Key: ";

    /// <summary>Takes a whole request off <paramref name="bytes"/>.</summary>
    public static bool TryRead(ref Span<byte> bytes, out string room, out string key)
    {
        room = key = "";
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0)
            return false;

        var request = Encoding.ASCII.GetString(bytes[..(end + 2)]);
        bytes = bytes[(end + 4)..];
        room = Between(request, PathBeforeRoom, '/');
        key = Between(request, KeyHeader, '\r');
        return true;
    }

    public static byte[] Answer(string key) => Encoding.ASCII.GetBytes(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        $"Sec-WebSocket-Accept: {WebSocketHandshake.AcceptKey(key)}\r\n\r\n");

    private static string Between(string text, string before, char after)
    {
        var start = text.IndexOf(before, StringComparison.OrdinalIgnoreCase);
        if (start < 0)
            return "";
        start += before.Length;
        return text[start..text.IndexOf(after, start)];
    }
}
