using System.Net.Sockets;

namespace Skald.Server.Transport;

/// <summary>An accepted connection's socket: what HTTP is spoken over at first, and what a WebSocket is read from and written to without a layer between.</summary>
/// <remarks>A send(2) a batch and reader is a third of what a pipe for each costs.</remarks>
/// <param name="socket">The socket.</param>
/// <param name="closed">Called once, when its descriptor is free again.</param>
internal sealed class PlainSocket(Socket socket, Action closed) : ISocket, IDisposable
{
    // Asked for once: the property changes the socket's state each time, and Prefetch must only look.
    private readonly SafeSocketHandle _handle = socket.SafeHandle;
    private int _closed;

    public Socket Socket => socket;

    /// <summary>The socket, as HTTP reads and writes it.</summary>
    public Stream Stream { get; } = new SocketStream(socket);

    /// <summary>From here on <see cref="TryWrite"/> waits for nothing.</summary>
    public void BeginWebSocket()
    {
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

    public ValueTask<int> ReadAsync(Memory<byte> buffer) => Stream.ReadAsync(buffer);

    public int TryWrite(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var sent = socket.Send(bytes, SocketFlags.None, out var error);
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

    public void Prefetch()
    {
        CacheLine.Prefetch(socket, lines: 3);
        CacheLine.Prefetch(_handle, lines: 2);
    }

    public async ValueTask<int> WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return await socket.SendAsync(bytes, SocketFlags.None);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw new IOException("The socket is closed.", e);
        }
    }

    /// <remarks>A reset: the peer is not asked, and what it has not taken is dropped.</remarks>
    public void Abort() => Close(static socket => socket.Close(timeout: 0));

    /// <summary>Ends both directions, in order.</summary>
    public void Dispose() => Close(static socket =>
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // The peer was faster.
        }

        socket.Dispose();
    });

    private void Close(Action<Socket> close)
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
            return;
        close(socket);
        closed();
    }
}
