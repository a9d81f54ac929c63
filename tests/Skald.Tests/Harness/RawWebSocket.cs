using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Skald.Tests.Harness;

/// <summary>A client of RFC 6455 that sends any bytes, right or wrong, and reads what comes back frame by frame.</summary>
/// <remarks>
/// It answers nothing by itself: no pong, no close. It holds the server to its side: whole frames, minimal lengths, no mask.
/// </remarks>
internal sealed class RawWebSocket : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private SslStream? _tls;
    private byte[] _buffer = new byte[16 * 1024];
    private int _start, _end;

    private RawWebSocket()
    {
    }

    public IPEndPoint LocalEndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    /// <summary>Connects and makes the opening handshake.</summary>
    /// <param name="address">As <c>ws://127.0.0.1:8000/ws/?token=…</c>, or <c>wss:</c>.</param>
    /// <param name="receiveBuffer">Bytes of the kernel's receive buffer: small for readers that are to be slow.</param>
    public static async Task<RawWebSocket> OpenAsync(Uri address, int? receiveBuffer = null)
    {
        var raw = await ConnectAsync(address, receiveBuffer);
        try
        {
            await raw.SendAsync(Encoding.ASCII.GetBytes(
                $"GET {address.PathAndQuery} HTTP/1.1\r\nHost: {address.Authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
            var head = await raw.ReadHeadAsync();
            if (!head.StartsWith("HTTP/1.1 101", StringComparison.Ordinal))
                throw new IOException($"The handshake was refused: {head}");
            return raw;
        }
        catch
        {
            raw.Dispose();
            throw;
        }
    }

    /// <summary>Connects, and says nothing yet.</summary>
    public static async Task<RawWebSocket> ConnectAsync(Uri address, int? receiveBuffer = null)
    {
        var raw = new RawWebSocket();
        if (receiveBuffer is { } size)
            raw._socket.ReceiveBufferSize = size;
        await raw._socket.ConnectAsync(IPAddress.Parse(address.Host), address.Port).Within();
        if (address.Scheme == "wss")
        {
            raw._tls = new SslStream(new NetworkStream(raw._socket), leaveInnerStreamOpen: false, TestCertificate.Accept);
            await raw._tls.AuthenticateAsClientAsync(address.Host).Within();
        }

        return raw;
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        if (_tls is not null)
        {
            await _tls.WriteAsync(bytes, Deadline.Token());
            return;
        }

        while (!bytes.IsEmpty)
            bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None, Deadline.Token())..];
    }

    public Task SendAsync(WireFrame frame) => SendAsync(frame.Encode());

    /// <summary>The next frame; null where the server has ended the connection, in whatever way.</summary>
    public async Task<WireFrame?> ReadAsync(CancellationToken cancellation = default)
    {
        while (true)
        {
            if (TryParse() is { } frame)
                return frame;
            if (!await FillAsync(cancellation))
            {
                if (_end > _start)
                    throw new IOException("The connection ended within a frame.");
                return null;
            }
        }
    }

    /// <summary>The head of an HTTP response.</summary>
    public async Task<string> ReadHeadAsync()
    {
        int end;
        while ((end = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n\r\n"u8)) < 0)
        {
            if (!await FillAsync(default))
                throw new IOException("The connection ended within the response's head.");
        }

        var head = Encoding.ASCII.GetString(_buffer, _start, end);
        _start += end + 4;
        return head;
    }

    /// <summary>Says that nothing more will come, and goes on reading: half of a close.</summary>
    public void ShutdownSend() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Ends the connection with RST: what is under way in either direction is lost.</summary>
    public void Reset()
    {
        try
        {
            _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has ended already.
        }

        _socket.Dispose();
    }

    public void Dispose()
    {
        _tls?.Dispose();
        _socket.Dispose();
    }

    /// <returns>False when nothing more will come.</returns>
    private async ValueTask<bool> FillAsync(CancellationToken cancellation)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, 2 * _buffer.Length);
        try
        {
            var deadline = cancellation.CanBeCanceled ? cancellation : Deadline.Token();
            var free = _buffer.AsMemory(_end);
            var read = await (_tls?.ReadAsync(free, deadline) ?? _socket.ReceiveAsync(free, SocketFlags.None, deadline));
            _end += read;
            return read > 0;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException || (_tls is not null && e is IOException))
        {
            // A reset takes what was half received with it.
            _end = _start;
            return false;
        }
    }

    private WireFrame? TryParse()
    {
        var bytes = _buffer.AsSpan(_start, _end - _start);
        if (bytes.Length < 2)
            return null;
        var (first, second) = (bytes[0], bytes[1]);
        if ((first & 0x80) == 0 || (first & 0x70) != 0 || (second & 0x80) != 0)
            throw new IOException($"The server sent a frame that begins {first:x2} {second:x2}: fragmented, reserved or masked.");
        var (header, length) = second switch
        {
            126 when bytes.Length >= 4 => (4, BinaryPrimitives.ReadUInt16BigEndian(bytes[2..])),
            127 when bytes.Length >= 10 => (10, (int)BinaryPrimitives.ReadUInt64BigEndian(bytes[2..])),
            <= 125 => (2, second),
            _ => (-1, 0),
        };
        if (header < 0 || bytes.Length < header + length)
            return null;
        if ((header == 4 && length <= 125) || (header == 10 && length <= ushort.MaxValue))
            throw new IOException("The server sent a length that is not the shortest.");
        var frame = new WireFrame(first & 0x0F, bytes.Slice(header, length).ToArray()) { Mask = null };
        _start += header + length;
        return frame;
    }
}
