using System.Net.WebSockets;

namespace Skald.Bench.Peers.WebSocket;

/// <summary>One reader's socket. A send that does not complete at once delays nobody else: what follows it waits here.</summary>
internal sealed class Reader(System.Net.WebSockets.WebSocket socket)
{
    /// <summary>Messages that may wait before the reader is cut off.</summary>
    private const int MaxWaiting = 4096;

    private readonly Lock _lock = new();
    private readonly Queue<byte[]> _waiting = new();
    private bool _sending;

    public void Offer(byte[] payload)
    {
        lock (_lock)
        {
            if (_sending)
            {
                if (_waiting.Count < MaxWaiting)
                    _waiting.Enqueue(payload);
                else
                    socket.Abort();
                return;
            }

            if (socket.State != WebSocketState.Open)
                return;
            var sent = SendAsync(payload);
            if (sent.IsCompletedSuccessfully)
                return;
            _sending = true;
            _ = DrainAsync(sent);
        }
    }

    private ValueTask SendAsync(byte[] payload) =>
        socket.SendAsync(payload.AsMemory(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

    private async Task DrainAsync(ValueTask sent)
    {
        try
        {
            while (true)
            {
                await sent;
                lock (_lock)
                {
                    if (!_waiting.TryDequeue(out var next))
                    {
                        _sending = false;
                        return;
                    }

                    sent = SendAsync(next);
                }
            }
        }
        catch (Exception gone) when (gone is WebSocketException or ObjectDisposedException or OperationCanceledException)
        {
            socket.Abort();
        }
    }
}
