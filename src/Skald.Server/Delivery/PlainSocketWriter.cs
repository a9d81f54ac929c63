using System.Net.Sockets;

namespace Skald.Server.Delivery;

/// <summary>Writes straight to the connection's socket: a send(2) a batch and reader, which is a third of what a pipe for each costs.</summary>
internal sealed class PlainSocketWriter : ISocketWriter
{
    private readonly Socket _socket;

    /// <param name="socket">Kestrel's, of a connection without TLS. Kestrel itself writes nothing to it after the upgrade.</param>
    public PlainSocketWriter(Socket socket)
    {
        _socket = socket;
        try
        {
            // So that Send answers WouldBlock, or with the part that fitted, where it would wait.
            socket.Blocking = false;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The client went away right after its handshake: the first write says so.
        }
    }

    public int TryWrite(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var sent = _socket.Send(bytes, SocketFlags.None, out var error);
            return error switch
            {
                SocketError.Success => sent,
                SocketError.WouldBlock => 0,
                _ => throw new IOException(error.ToString()),
            };
        }
        catch (ObjectDisposedException e)
        {
            throw new IOException("The socket is closed.", e);
        }
    }

    public async ValueTask<int> WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return await _socket.SendAsync(bytes, SocketFlags.None);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw new IOException("The socket is closed.", e);
        }
    }
}
