using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Skald.Server.Transport;

/// <summary>
/// A thread that waits for many sockets by epoll. It calls <see cref="PlainSocket.OnEvents"/>, and the read loop of a WebSocket continues
/// inside that call, so that the commands of its frames run on this thread.
/// </summary>
/// <remarks>
/// The BCL would continue each socket on the thread pool: for a frame that only joins a queue that hop costs more than the frame
/// (docs/decisions/0014-frames-are-read-on-the-event-loop.md). In return nothing that runs here may block.
/// </remarks>
internal sealed class EventLoop : IDisposable
{
    private const long EndId = 0;
    private const EpollEvents Reading = EpollEvents.Readable | EpollEvents.PeerEnded;

    private readonly ConcurrentDictionary<long, PlainSocket> _sockets = new();
    private readonly Epoll _epoll = new();
    private readonly Socket _end = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private long _lastId = EndId;
    private int _disposed;

    public EventLoop(string name) => new Thread(Run) { Name = name, IsBackground = true }.Start();

    /// <summary>Watches a socket for data to read and for its end.</summary>
    /// <returns>The socket's id in this loop.</returns>
    /// <inheritdoc cref="Epoll.Add"/>
    public long Add(PlainSocket socket)
    {
        var id = Interlocked.Increment(ref _lastId);
        _sockets[id] = socket;
        try
        {
            _epoll.Add(socket.Handle, id, Reading);
            return id;
        }
        catch
        {
            Remove(id);
            throw;
        }
    }

    /// <summary>Watches a socket for room in its send buffer, too; reported at once where there is some.</summary>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    public void WatchWriting(PlainSocket socket, long id) => _epoll.Modify(socket.Handle, id, Reading | EpollEvents.Writable);

    public void Remove(long id) => _sockets.TryRemove(id, out _);

    /// <summary>Ends the loop soon: its thread, which may be the caller's, then aborts the sockets that are left.</summary>
    public void Dispose()
    {
        // epoll reports EPOLLHUP at once for a socket that was never connected: that wakes the loop.
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            _epoll.Add(_end.SafeHandle, EndId, EpollEvents.None);
    }

    private void Run()
    {
        while (Dispatch(_epoll.Wait()))
        {
        }

        foreach (var socket in _sockets.Values)
            socket.Abort();
        _epoll.Dispose();
        _end.Dispose();
    }

    /// <returns>False once the loop is to end.</returns>
    private bool Dispatch(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var (id, events) = _epoll[i];
            if (id == EndId)
                return false;
            // A socket that was closed since the kernel reported it has been removed.
            if (_sockets.TryGetValue(id, out var socket))
                socket.OnEvents(events);
        }

        return true;
    }
}
