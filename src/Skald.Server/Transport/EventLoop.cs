using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Skald.Server.Transport;

/// <summary>
/// A thread that hears from the system what many sockets are ready for, and tells them. What a WebSocket's frames ask for is done right
/// there.
/// </summary>
/// <remarks>
/// The base library hands each socket on to the pool: for a frame that only joins a queue the way there costs more than the frame
/// (docs/decisions/0014-frames-are-read-on-the-event-loop.md). So whoever is told must not wait.
/// </remarks>
internal sealed class EventLoop : IDisposable
{
    private const long EndId = 0;
    private const SocketChanges Reading = SocketChanges.Readable | SocketChanges.PeerEnded;

    private readonly ConcurrentDictionary<long, PlainSocket> _sockets = new();
    private readonly Epoll _epoll = new();
    private readonly Socket _end = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private long _lastId = EndId;
    private int _disposed;

    public EventLoop(string name) => new Thread(Run) { Name = name, IsBackground = true }.Start();

    /// <summary>Begins to tell a socket what it can read, and that it has ended.</summary>
    /// <returns>Its id here.</returns>
    /// <inheritdoc cref="Epoll.Watch"/>
    public long Add(PlainSocket socket)
    {
        var id = Interlocked.Increment(ref _lastId);
        _sockets[id] = socket;
        try
        {
            _epoll.Watch(socket.Handle, id, Reading);
            return id;
        }
        catch
        {
            Remove(id);
            throw;
        }
    }

    /// <summary>Tells a socket from now on also that it can be written, if so at once.</summary>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    public void WatchWriting(PlainSocket socket, long id) => _epoll.WatchAgain(socket.Handle, id, Reading | SocketChanges.Writable);

    public void Remove(long id) => _sockets.TryRemove(id, out _);

    /// <summary>Closes the sockets that are left, on the loop's own thread and soon: this may be that thread.</summary>
    public void Dispose()
    {
        // A socket that never had a peer counts as one that has ended: the loop hears of it at once.
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            _epoll.Watch(_end.SafeHandle, EndId, SocketChanges.None);
    }

    private void Run()
    {
        while (TellAll(_epoll.Wait()))
        {
        }

        foreach (var socket in _sockets.Values)
            socket.Abort();
        _epoll.Dispose();
        _end.Dispose();
    }

    /// <returns>False at the end.</returns>
    private bool TellAll(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var (id, changes) = _epoll[i];
            if (id == EndId)
                return false;
            // One that was closed meanwhile is not there any more.
            if (_sockets.TryGetValue(id, out var socket))
                socket.Tell(changes);
        }

        return true;
    }
}
