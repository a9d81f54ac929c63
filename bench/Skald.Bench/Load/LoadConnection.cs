using Skald.Bench.Machine;
using Skald.Bench.Sockets;

namespace Skald.Bench.Load;

/// <summary>One TCP connection of the load side. All of it runs on the thread of its loop.</summary>
internal abstract class LoadConnection
{
    private byte[] _unread = [];
    private int _unreadLength;
    private byte[] _unsent = [];
    private int _unsentLength;
    private bool _connected;
    private bool _stalled;

    /// <summary>Bytes of the kernel's receive buffer; 0 leaves it to the kernel.</summary>
    public int ReceiveBuffer { get; init; }

    /// <summary>Where it is opened to; null for the port of the run.</summary>
    public int? Port { get; init; }

    /// <summary>Names this connection in its loop's epoll set: its slot, and above it a number never used twice.</summary>
    public ulong Token { get; private set; }

    public int Descriptor { get; private set; } = -1;

    /// <summary>Whether it is as far as it is meant to come: for a reader, in its room.</summary>
    public bool IsReady { get; private set; }

    public bool IsClosed { get; private set; }

    /// <summary>Where it runs; set when it is opened.</summary>
    public LoadLoop Loop { get; private set; } = null!;

    /// <summary>When the connect was begun.</summary>
    protected long ConnectedFrom { get; private set; }

    public void Connecting(LoadLoop loop, int descriptor, ulong token)
    {
        (Loop, Descriptor, Token, ConnectedFrom) = (loop, descriptor, token, Clock.Now);
    }

    public void Happened(EpollEvent happened)
    {
        if (!_connected)
        {
            Connected();
            return;
        }

        if (happened.CanWrite)
            SendUnsent();
        if (!happened.CanRead || IsClosed)
            return;
        if (_stalled)
            End("the server reset the connection");
        else
            Receive();
    }

    /// <summary>Reads no more, and leaves the server to find out.</summary>
    public void Stall()
    {
        _stalled = true;
        Loop.Watch(this, Interest.None);
    }

    /// <summary>Reads on.</summary>
    public void Resume()
    {
        _stalled = false;
        if (!IsClosed)
            Watch();
    }

    public void Close()
    {
        if (IsClosed)
            return;
        IsClosed = true;
        Loop.Release(this);
    }

    protected abstract void OnConnected();

    /// <returns>How many of the bytes were used; the rest comes again, with more behind it.</returns>
    protected abstract int OnBytes(Span<byte> bytes, long receivedAt);

    /// <summary>The server ended the connection.</summary>
    protected abstract void OnEnded(string how);

    protected void Ready()
    {
        IsReady = true;
        Loop.Opened(this);
    }

    protected void Send(ReadOnlySpan<byte> bytes)
    {
        if (IsClosed)
            return;
        var sent = _unsentLength > 0 ? 0 : LoopbackSocket.Send(Descriptor, bytes);
        if (sent == bytes.Length)
            return;
        if (sent == LoopbackSocket.Broken)
        {
            End("the connection broke while sending");
            return;
        }

        var rest = bytes[Math.Max(sent, 0)..];
        if (_unsentLength + rest.Length > _unsent.Length)
            Array.Resize(ref _unsent, (_unsentLength + rest.Length) * 2);
        rest.CopyTo(_unsent.AsSpan(_unsentLength));
        _unsentLength += rest.Length;
        Watch();
    }

    private void Connected()
    {
        var error = LoopbackSocket.ConnectError(Descriptor);
        if (error != 0)
        {
            End($"the connect failed with error {error}");
            return;
        }

        _connected = true;
        Watch();
        OnConnected();
    }

    private void Receive()
    {
        var buffer = Loop.ReceiveBuffer;
        _unread.AsSpan(0, _unreadLength).CopyTo(buffer);
        var received = LoopbackSocket.Receive(Descriptor, buffer.AsSpan(_unreadLength));
        if (received == LoopbackSocket.WouldBlock)
            return;
        if (received <= 0)
        {
            End(received == 0 ? "the server closed the connection" : "the server reset the connection");
            return;
        }

        var bytes = buffer.AsSpan(0, _unreadLength + received);
        var used = OnBytes(bytes, Clock.Now);
        if (!IsClosed)
            Keep(bytes[used..]);
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length == Loop.ReceiveBuffer.Length)
            End("the server sent more in one piece than can be read");
        if (bytes.Length > _unread.Length)
            _unread = new byte[Math.Max(bytes.Length, _unread.Length * 2)];
        bytes.CopyTo(_unread);
        _unreadLength = bytes.Length;
    }

    private void SendUnsent()
    {
        var sent = LoopbackSocket.Send(Descriptor, _unsent.AsSpan(0, _unsentLength));
        if (sent == LoopbackSocket.WouldBlock)
            return;
        if (sent == LoopbackSocket.Broken)
        {
            End("the connection broke while sending");
            return;
        }

        _unsentLength -= sent;
        _unsent.AsSpan(sent, _unsentLength).CopyTo(_unsent);
        if (_unsentLength == 0)
            Watch();
    }

    private void Watch()
    {
        var write = _unsentLength > 0 ? Interest.Write : Interest.None;
        Loop.Watch(this, _stalled ? write : Interest.Read | write);
    }

    private void End(string how)
    {
        Close();
        OnEnded(how);
    }
}
