using System.Buffers;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Skald.Server.Transport;

/// <summary>
/// The socket of an accepted connection. Kestrel speaks HTTP over it at first; a WebSocket then reads and writes it with no layer between.
/// </summary>
/// <remarks>
/// It never blocks: its <see cref="EventLoop"/> reports when there is data to read or room to write. One send(2) for each batch and reader
/// costs a third of what a pipe for each reader does.
/// </remarks>
internal sealed class PlainSocket : ISocket, IDisposable
{
    private const int WouldBlock = -1;

    private readonly EventLoop _loop;
    private readonly Action _closed;
    private readonly long _id;
    private readonly ReadSignal _readable = new();
    private TaskCompletionSource? _writable;   // while a write waits for room
    private volatile bool _ended;              // the peer sent FIN or RST: what is in the receive buffer is the last
    private int _isClosed;

    /// <param name="closed">Called once, when the file descriptor is free again.</param>
    /// <exception cref="SocketException">The connection is gone already.</exception>
    /// <exception cref="IOException">epoll refuses it.</exception>
    /// <exception cref="ObjectDisposedException">The loop has ended.</exception>
    public PlainSocket(Socket socket, EventLoop loop, Action closed)
    {
        (Socket, Handle, _loop, _closed) = (socket, socket.SafeHandle, loop, closed);
        socket.Blocking = false;
        _id = loop.Add(this);
    }

    public Socket Socket { get; }

    /// <remarks>Read once: the BCL's <c>Socket.SafeHandle</c> has a side effect on the socket at each call.</remarks>
    public SafeSocketHandle Handle { get; }

    /// <summary>
    /// From here on reads complete on the event loop, and so the frames' commands run there; until then on the thread pool.
    /// </summary>
    public void BeginWebSocket() => _readable.RunContinuationsInline();

    public ValueTask<int> ReadAsync(Memory<byte> buffer) => ReadAsync(buffer, CancellationToken.None);

    /// <inheritdoc cref="ISocket.ReadAsync"/>
    /// <exception cref="OperationCanceledException">The read was cancelled while it waited.</exception>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        if (buffer.IsEmpty)
            return _readable.WaitAsync(cancellation);
        var read = TryRead(buffer.Span);
        return read == WouldBlock ? ReadLaterAsync(buffer, cancellation) : new(read);
    }

    public int TryWrite(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return CountOrThrow(Socket.Send(bytes, SocketFlags.None, out var error), error);
        }
        catch (ObjectDisposedException e)
        {
            throw Gone(e);
        }
    }

    public void Prefetch()
    {
        CacheLine.Prefetch(Socket, lines: 3);
        CacheLine.Prefetch(Handle, lines: 2);
    }

    public async ValueTask<int> WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        while (true)
        {
            await WhenWritable();
            if (TryWrite(bytes.Span) is > 0 and var written)
                return written;
        }
    }

    /// <summary>Writes all of it, and waits while the send buffer is full.</summary>
    /// <exception cref="IOException">The connection is gone.</exception>
    public async ValueTask WriteAsync(ReadOnlySequence<byte> bytes)
    {
        while (true)
        {
            bytes = bytes.Slice(bytes.IsSingleSegment ? TryWrite(bytes.FirstSpan) : TryWrite(bytes));
            if (bytes.IsEmpty)
                return;
            await WhenWritable();
        }
    }

    /// <summary>Called by the event loop with what epoll reports: completes the read and the write that wait for it.</summary>
    public void OnEvents(EpollEvents events)
    {
        // epoll reports the end once, and the receive buffer may hold more than one read takes: see TryRead.
        if ((events & (EpollEvents.PeerEnded | EpollEvents.Broken)) != EpollEvents.None)
            _ended = true;
        if ((events & (EpollEvents.Writable | EpollEvents.Broken)) != EpollEvents.None)
            Interlocked.Exchange(ref _writable, null)?.SetResult();
        if (_ended || (events & EpollEvents.Readable) != EpollEvents.None)
            _readable.Set();
    }

    /// <remarks>Sends RST; what the peer has not acknowledged yet is dropped.</remarks>
    public void Abort() => Close(static socket => socket.Close(timeout: 0));

    /// <summary>Sends FIN and closes.</summary>
    public void Dispose() => Close(static socket =>
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // The peer has closed first.
        }

        socket.Dispose();
    });

    /// <returns>Bytes read; 0 at the end; <see cref="WouldBlock"/> where the receive buffer is empty.</returns>
    private int TryRead(Span<byte> buffer)
    {
        _readable.Clear();
        try
        {
            var read = Socket.Receive(buffer, SocketFlags.None, out var error);
            // Edge-triggered epoll does not report data that was there already, so what this read leaves behind is signalled here.
            if (_ended || (read == buffer.Length && Socket.Available > 0))
                _readable.Set();
            return error == SocketError.WouldBlock ? WouldBlock : CountOrThrow(read, error);
        }
        catch (ObjectDisposedException e)
        {
            throw Gone(e);
        }
    }

    private async ValueTask<int> ReadLaterAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        while (true)
        {
            await _readable.WaitAsync(cancellation);
            if (TryRead(buffer.Span) is var read and not WouldBlock)
                return read;
        }
    }

    private int TryWrite(in ReadOnlySequence<byte> bytes)
    {
        var pieces = new List<ArraySegment<byte>>();
        foreach (var piece in bytes)
            pieces.Add(MemoryMarshal.TryGetArray(piece, out var array) ? array : piece.ToArray());
        try
        {
            return CountOrThrow(Socket.Send(pieces, SocketFlags.None, out var error), error);
        }
        catch (ObjectDisposedException e)
        {
            throw Gone(e);
        }
    }

    private Task WhenWritable()
    {
        var writable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _writable, writable);
        try
        {
            _loop.WatchWriting(this, _id);
        }
        catch (ObjectDisposedException e)
        {
            throw Gone(e);
        }

        return writable.Task;
    }

    private void Close(Action<Socket> close)
    {
        if (Interlocked.Exchange(ref _isClosed, 1) != 0)
            return;
        _loop.Remove(_id);
        close(Socket);
        _closed();
        // A read or a write that waits must fail; on the thread pool, since the caller may hold locks that their continuations take.
        ThreadPool.UnsafeQueueUserWorkItem(static socket => socket.OnEvents(EpollEvents.Broken), this, preferLocal: false);
    }

    private static int CountOrThrow(int count, SocketError error) => error switch
    {
        SocketError.Success => count,
        SocketError.WouldBlock => 0,
        _ => throw Gone(new SocketException((int)error)),
    };

    private static IOException Gone(Exception cause) => new("The connection is gone.", cause);
}
