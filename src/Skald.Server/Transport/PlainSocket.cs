using System.Buffers;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Skald.Server.Transport;

/// <summary>
/// An accepted connection's socket: what HTTP is spoken over at first, and what a WebSocket is read from and written to without a layer
/// between.
/// </summary>
/// <remarks>
/// It never blocks: an <see cref="EventLoop"/> says when there is something to read or room to write. A send(2) a batch and reader is a
/// third of what a pipe for each costs.
/// </remarks>
internal sealed class PlainSocket : ISocket, IDisposable
{
    private const int NotNow = -1;

    private readonly EventLoop _loop;
    private readonly Action _closed;
    private readonly long _id;
    private readonly ReadSignal _readable = new();
    private TaskCompletionSource? _writable;   // while somebody waits
    private volatile bool _ended;              // all that will come has come
    private int _isClosed;

    /// <param name="closed">Called once, when its descriptor is free again.</param>
    /// <exception cref="SocketException">It is broken already.</exception>
    /// <exception cref="IOException">The system cannot watch it.</exception>
    /// <exception cref="ObjectDisposedException">The loop has ended.</exception>
    public PlainSocket(Socket socket, EventLoop loop, Action closed)
    {
        (Socket, Handle, _loop, _closed) = (socket, socket.SafeHandle, loop, closed);
        socket.Blocking = false;
        _id = loop.Add(this);
    }

    public Socket Socket { get; }

    /// <remarks>Asked for once: the socket's own property changes its state each time.</remarks>
    public SafeSocketHandle Handle { get; }

    /// <summary>From here on what comes is read, and what it asks for is done, on the event loop.</summary>
    public void BeginWebSocket() => _readable.GoOnInPlace();

    public ValueTask<int> ReadAsync(Memory<byte> buffer) => ReadAsync(buffer, CancellationToken.None);

    /// <inheritdoc cref="ISocket.ReadAsync"/>
    /// <exception cref="OperationCanceledException">It was cancelled while it waited.</exception>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        if (buffer.IsEmpty)
            return _readable.WaitAsync(cancellation);
        var read = TryRead(buffer.Span);
        return read == NotNow ? ReadLaterAsync(buffer, cancellation) : new(read);
    }

    public int TryWrite(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Taken(Socket.Send(bytes, SocketFlags.None, out var error), error);
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

    /// <summary>Writes all of it, and waits where there is no room.</summary>
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

    /// <summary>Takes a change that the system told of. Whoever waited for it goes on.</summary>
    public void Tell(SocketChanges changes)
    {
        // An end is told once, and there may be more to read before it than one reading takes.
        if ((changes & (SocketChanges.PeerEnded | SocketChanges.Broken)) != SocketChanges.None)
            _ended = true;
        if ((changes & (SocketChanges.Writable | SocketChanges.Broken)) != SocketChanges.None)
            Interlocked.Exchange(ref _writable, null)?.SetResult();
        if (_ended || (changes & SocketChanges.Readable) != SocketChanges.None)
            _readable.Set();
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

    /// <returns>Bytes read; 0 at the end; <see cref="NotNow"/>.</returns>
    private int TryRead(Span<byte> buffer)
    {
        _readable.Clear();
        try
        {
            var read = Socket.Receive(buffer, SocketFlags.None, out var error);
            // Nobody tells of what is left over.
            if (_ended || (read == buffer.Length && Socket.Available > 0))
                _readable.Set();
            return error == SocketError.WouldBlock ? NotNow : Taken(read, error);
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
            if (TryRead(buffer.Span) is var read and not NotNow)
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
            return Taken(Socket.Send(pieces, SocketFlags.None, out var error), error);
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
        // Whoever waits learns it, but not within the locks that the caller may hold.
        ThreadPool.UnsafeQueueUserWorkItem(static socket => socket.Tell(SocketChanges.Broken), this, preferLocal: false);
    }

    private static int Taken(int count, SocketError error) => error switch
    {
        SocketError.Success => count,
        SocketError.WouldBlock => 0,
        _ => throw Gone(new SocketException((int)error)),
    };

    private static IOException Gone(Exception cause) => new("The connection is gone.", cause);
}
