using Skald.Bench.Sockets;

namespace Skald.Bench.Peers.Floor;

/// <summary>One connection: what was read of an unfinished frame, and what its socket did not take yet.</summary>
internal sealed class Reader
{
    /// <summary>Bytes that may wait for a slow reader before it is cut off.</summary>
    private const int MaxBacklog = 4 * 1024 * 1024;

    private readonly Epoll _epoll;
    private byte[] _unread = [];
    private int _unreadLength;
    private byte[] _backlog = [];
    private int _backlogLength;

    public Reader(Epoll epoll, int descriptor)
    {
        _epoll = epoll;
        Descriptor = descriptor;
        epoll.Add(descriptor, Interest.Read, (ulong)descriptor);
    }

    public int Descriptor { get; }

    public Room? Room { get; set; }

    /// <summary>The place in <see cref="Room"/>'s list of readers.</summary>
    public int Place { get; set; }

    /// <summary>Reads on behind what was kept.</summary>
    /// <returns>The bytes in <paramref name="buffer"/>, kept ones included, or what the socket answered instead.</returns>
    public int Receive(byte[] buffer)
    {
        _unread.AsSpan(0, _unreadLength).CopyTo(buffer);
        var received = LoopbackSocket.Receive(Descriptor, buffer.AsSpan(_unreadLength));
        if (received <= 0)
            return received;
        received += _unreadLength;
        _unreadLength = 0;
        return received;
    }

    /// <summary>Keeps an unfinished frame until the rest of it comes.</summary>
    public void Keep(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _unread.Length)
            _unread = new byte[bytes.Length];
        bytes.CopyTo(_unread);
        _unreadLength = bytes.Length;
    }

    /// <summary>Writes at once what the socket takes and keeps the rest.</summary>
    /// <returns>Whether the reader is still there.</returns>
    public bool Offer(ReadOnlySpan<byte> frames)
    {
        if (_backlogLength > 0)
            return Queue(frames);

        var sent = LoopbackSocket.Send(Descriptor, frames);
        if (sent == frames.Length)
            return true;
        if (sent == LoopbackSocket.Broken)
            return false;

        _epoll.Change(Descriptor, Interest.Read | Interest.Write, (ulong)Descriptor);
        return Queue(frames[Math.Max(sent, 0)..]);
    }

    /// <returns>Whether the reader is still there.</returns>
    public bool WriteBacklog()
    {
        if (_backlogLength == 0)
            return true;
        var sent = LoopbackSocket.Send(Descriptor, _backlog.AsSpan(0, _backlogLength));
        if (sent == LoopbackSocket.WouldBlock)
            return true;
        if (sent == LoopbackSocket.Broken)
            return false;

        _backlogLength -= sent;
        _backlog.AsSpan(sent, _backlogLength).CopyTo(_backlog);
        if (_backlogLength == 0)
            _epoll.Change(Descriptor, Interest.Read, (ulong)Descriptor);
        return true;
    }

    private bool Queue(ReadOnlySpan<byte> bytes)
    {
        var length = _backlogLength + bytes.Length;
        if (length > MaxBacklog)
            return false;
        if (length > _backlog.Length)
            Array.Resize(ref _backlog, Math.Max(length, _backlog.Length * 2));
        bytes.CopyTo(_backlog.AsSpan(_backlogLength));
        _backlogLength = length;
        return true;
    }
}
