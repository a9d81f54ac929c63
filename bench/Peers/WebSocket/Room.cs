using System.Collections.Immutable;
using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json;

namespace Skald.Bench.Peers.WebSocket;

/// <summary>The readers of one room. A message is numbered and offered to all of them under one lock, so that all see one order.</summary>
internal sealed class Room(string name)
{
    private const int LongestMessage = 16 * 1024;
    private static readonly byte[] Joined = [.. "{\"type\":\"joined\"}"u8];

    private readonly Lock _order = new();
    private ImmutableArray<Reader> _readers = [];
    private long _seq;

    public async Task ServeAsync(System.Net.WebSockets.WebSocket socket, CancellationToken aborted)
    {
        var reader = new Reader(socket);
        reader.Offer(Joined);
        lock (_order) _readers = _readers.Add(reader);
        try
        {
            await ReadAsync(socket, aborted);
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException)
        {
            // The client went without a word.
        }
        finally
        {
            lock (_order) _readers = _readers.Remove(reader);
        }
    }

    private async Task ReadAsync(System.Net.WebSockets.WebSocket socket, CancellationToken aborted)
    {
        var buffer = new byte[LongestMessage];
        var length = 0;
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(length), aborted);
            if (received.MessageType == WebSocketMessageType.Close)
                return;
            length += received.Count;
            if (!received.EndOfMessage)
                continue;

            var message = JsonSerializer.Deserialize(buffer.AsSpan(0, length), MessagesJson.Default.Incoming);
            if (!string.IsNullOrEmpty(message?.Message))
                Broadcast(message.Message);
            length = 0;
        }
    }

    private void Broadcast(string text)
    {
        lock (_order)
        {
            var timestamp = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);
            var message = new Outgoing("chat_message", name, ++_seq, "bench-0", text, timestamp);
            var payload = JsonSerializer.SerializeToUtf8Bytes(message, MessagesJson.Default.Outgoing);
            foreach (var reader in _readers)
                reader.Offer(payload);
        }
    }
}
