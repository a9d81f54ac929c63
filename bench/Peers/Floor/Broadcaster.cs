using Skald.Bench.Sockets;

namespace Skald.Bench.Peers.Floor;

/// <summary>The one loop: take in all that has arrived, then write each room's share to each of its readers.</summary>
internal sealed class Broadcaster : IDisposable
{
    private const int Backlog = 4096;
    private const int EventsAtOnce = 1024;
    private const ulong ListenerToken = ulong.MaxValue;

    private readonly Epoll _epoll = new(EventsAtOnce);
    private readonly int _listener;
    private readonly byte[] _received = new byte[64 * 1024];
    private readonly Dictionary<string, Room> _rooms = new(StringComparer.Ordinal);
    private readonly List<Room> _grown = [];
    private readonly List<Reader> _gone = [];
    private Reader?[] _readers = new Reader?[1024];

    public Broadcaster(int port)
    {
        _listener = LoopbackSocket.Listen(port, Backlog);
        _epoll.Add(_listener, Interest.Read, ListenerToken);
    }

    public void Run()
    {
        while (true)
        {
            foreach (var happened in _epoll.Wait(timeout: -1))
            {
                if (happened.Token == ListenerToken)
                    AcceptAll();
                // The token is the descriptor. It can have been closed within this wait, and even been given to another
                // reader: that one then only finds that there is nothing to read.
                else if (_readers[happened.Token] is { } reader)
                    Serve(reader, happened);
            }

            foreach (var room in _grown)
                room.Deliver(_gone);
            _grown.Clear();
            foreach (var reader in _gone)
                Remove(reader);
            _gone.Clear();
        }
    }

    public void Dispose()
    {
        LoopbackSocket.Close(_listener);
        _epoll.Dispose();
    }

    private void AcceptAll()
    {
        while (LoopbackSocket.Accept(_listener) is var descriptor and >= 0)
        {
            if (descriptor >= _readers.Length)
                Array.Resize(ref _readers, Math.Max(descriptor + 1, _readers.Length * 2));
            _readers[descriptor] = new Reader(_epoll, descriptor);
        }
    }

    private void Serve(Reader reader, EpollEvent happened)
    {
        var here = true;
        if (happened.CanWrite)
            here = reader.WriteBacklog();
        if (here && happened.CanRead)
            here = Receive(reader);
        if (!here)
            Remove(reader);
    }

    /// <returns>Whether the reader is still there.</returns>
    private bool Receive(Reader reader)
    {
        var length = reader.Receive(_received);
        if (length == LoopbackSocket.WouldBlock)
            return true;
        if (length <= 0)
            return false;

        var bytes = _received.AsSpan(0, length);
        if (reader.Room is null)
        {
            if (!UpgradeRequest.TryRead(ref bytes, out var name, out var key))
            {
                reader.Keep(bytes);
                return true;
            }

            Enter(reader, name, key);
        }

        var room = reader.Room!;
        var hadNothing = room.HasNothing;
        while (ClientFrame.TryRead(ref bytes, out var opcode, out var payload))
        {
            if (opcode == ClientFrame.Close)
                return false;
            if (opcode == ClientFrame.Text)
                room.Append(payload);
        }

        reader.Keep(bytes);
        if (hadNothing && !room.HasNothing)
            _grown.Add(room);
        return true;
    }

    private void Enter(Reader reader, string name, string key)
    {
        if (!_rooms.TryGetValue(name, out var room))
            _rooms[name] = room = new Room(name);
        reader.Offer(UpgradeRequest.Answer(key));
        room.Enter(reader);
    }

    private void Remove(Reader reader)
    {
        if (_readers[reader.Descriptor] != reader)
            return;
        _readers[reader.Descriptor] = null;
        LoopbackSocket.Close(reader.Descriptor);
        if (reader.Room is not { } room)
            return;
        room.Leave(reader);
        if (room.IsDeserted)
            _rooms.Remove(room.Name);
    }
}
