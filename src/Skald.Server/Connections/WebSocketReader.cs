using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Unicode;
using Skald.Protocol;
using Skald.Server.Limits;
using Skald.Server.Transport;

namespace Skald.Server.Connections;

/// <summary>Reads a client's side of a WebSocket (RFC 6455) from what the connection receives.</summary>
/// <remarks>
/// Our own, because every limit must hold before memory is spent: a frame is judged by its header, and its declared length
/// never decides what is allocated. Idle it holds no buffer: it rents one when data is there.
/// </remarks>
internal sealed class WebSocketReader : IDisposable
{
    private const int MinBuffer = 4 * 1024;
    private const int MaxHeader = 14;

    /// <summary>
    /// Bytes that a frame counts for at least. A ping has 6, but costs an answer: by its bytes alone it would be nearly free.
    /// </summary>
    private const int LeastCharge = 64;

    /// <summary>A delay cuts off fractions of it: added, it waits long enough.</summary>
    private static readonly TimeSpan DelayStep = TimeSpan.FromMilliseconds(1);

    private readonly ISocket _socket;
    private readonly ConnectionLimits _limits;
    private readonly int _frameBytes;
    private readonly TimeProvider _clock;
    private readonly Action _excess, _unfinished;

    private byte[] _buffer = [];
    private int _start, _end;
    private int _consumed;              // length of the frame that was handed out last

    private byte[] _message = [];       // the fragments so far
    private int _messageLength;
    private byte _messageOpcode;        // 0 outside a fragmented message
    private int _fragments, _emptyInARow;
    private bool _messageHandedOut;

    private TokenBucket _bytes;
    private int _surcharge;             // what the frames since the last reading count for beyond their bytes
    private long _heardAt;
    private long _unfinishedSince;

    /// <param name="unread">What was read of it already.</param>
    /// <param name="frameBytes">The largest message it reads, its fragments together.</param>
    /// <param name="excess">Called when the peer sends more bytes than its rate allows; reading then waits.</param>
    /// <param name="unfinished">Called when the peer leaves a message or frame unfinished.</param>
    public WebSocketReader(
        ISocket socket, ReadOnlySpan<byte> unread, ConnectionLimits limits, int frameBytes, TimeProvider clock, Action excess,
        Action unfinished)
    {
        (_socket, _limits, _frameBytes, _clock) = (socket, limits, frameBytes, clock);
        (_excess, _unfinished) = (excess, unfinished);
        _heardAt = clock.GetTimestamp();
        if (unread.IsEmpty)
            return;
        _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(unread.Length, MinBuffer));
        unread.CopyTo(_buffer);
        _end = unread.Length;
    }

    /// <summary>Time since the peer sent anything at all.</summary>
    public TimeSpan Silence => _clock.GetElapsedTime(Volatile.Read(ref _heardAt));

    /// <summary>How long the peer has been at a message or frame that is not finished.</summary>
    public TimeSpan Unfinished => Volatile.Read(ref _unfinishedSince) is var since and not 0 ? _clock.GetElapsedTime(since) : TimeSpan.Zero;

    /// <summary>Reads a whole message or control frame out of what is there. What was read before is gone.</summary>
    /// <returns>False when there is none: <see cref="FillAsync"/> brings more.</returns>
    /// <exception cref="WebSocketViolationException">The peer broke the protocol or a limit.</exception>
    public bool TryRead(out Incoming incoming)
    {
        Release();
        if (!TryParse(out incoming))
            return false;
        // A control frame between the fragments of a message does not finish it.
        if (_messageOpcode == 0 || _messageHandedOut)
            Volatile.Write(ref _unfinishedSince, 0);
        return true;
    }

    /// <summary>Waits for more bytes from the peer.</summary>
    /// <returns>False when it has closed its side.</returns>
    /// <exception cref="IOException">The connection is gone.</exception>
    public async ValueTask<bool> FillAsync()
    {
        if (_start != _end || _messageOpcode != 0)
        {
            NoteUnfinished();
            _unfinished();
        }
        else
        {
            Return(ref _buffer);
            _start = _end = 0;
        }

        await _socket.ReadAsync(Memory<byte>.Empty);
        if (_buffer.Length == 0)
            _buffer = ArrayPool<byte>.Shared.Rent(MinBuffer);
        var read = await _socket.ReadAsync(_buffer.AsMemory(_end));
        if (read == 0)
            return false;
        NoteUnfinished();
        _end += read;
        Volatile.Write(ref _heardAt, _clock.GetTimestamp());
        // Until they are paid for: what was read and not counted would be free.
        var charge = read + _surcharge;
        _surcharge = 0;
        while (!_bytes.TryTake(charge, _limits.BytesPerConnection, _limits.ByteBurst, _clock, out var wait))
        {
            _excess();
            await Task.Delay(wait + DelayStep, _clock);
        }

        return true;
    }

    /// <summary>Reads and forgets everything until the peer has closed.</summary>
    public async ValueTask DiscardAsync()
    {
        Return(ref _buffer);
        _buffer = ArrayPool<byte>.Shared.Rent(MinBuffer);
        do
        {
            await _socket.ReadAsync(Memory<byte>.Empty);
        }
        while (await _socket.ReadAsync(_buffer) > 0);
    }

    public void Dispose()
    {
        Return(ref _buffer);
        Return(ref _message);
    }

    /// <summary>Takes back what was handed out.</summary>
    private void Release()
    {
        _start += _consumed;
        _consumed = 0;
        if (_messageHandedOut)
        {
            _messageHandedOut = false;
            _messageLength = _fragments = _emptyInARow = 0;
            _messageOpcode = 0;
            Return(ref _message);
        }
    }

    private void NoteUnfinished()
    {
        if (_unfinishedSince == 0)
            Volatile.Write(ref _unfinishedSince, _clock.GetTimestamp());
    }

    /// <summary>Reads one frame, if it is all there; makes room for it, if not.</summary>
    private bool TryParse(out Incoming incoming)
    {
        while (TryReadHeader(out var header))
        {
            if (_end - _start < header.Length + header.Payload)
            {
                MakeRoom(header.Length + header.Payload);
                break;
            }

            var payload = _buffer.AsMemory(_start + header.Length, header.Payload);
            Unmask(payload.Span, header.Mask);
            _consumed = header.Length + header.Payload;
            _surcharge += Math.Max(0, LeastCharge - _consumed);
            if (Complete(header, payload, out incoming))
                return true;
            _start += _consumed;
            _consumed = 0;
        }

        incoming = default;
        return false;
    }

    private bool TryReadHeader(out Header header)
    {
        header = default;
        var bytes = _buffer.AsSpan(_start, _end - _start);
        if (bytes.Length < 2)
        {
            MakeRoom(MaxHeader);
            return false;
        }

        var opcode = (byte)(bytes[0] & 0x0F);
        var final = (bytes[0] & 0x80) != 0;
        var control = (opcode & 0x08) != 0;
        var length = (ulong)(bytes[1] & 0x7F);
        Require((bytes[0] & 0x70) == 0);                    // no extension was agreed on
        Require(opcode is <= WebSocketFrame.Binary or (>= WebSocketFrame.Close and <= WebSocketFrame.Pong));
        Require((bytes[1] & 0x80) != 0);                    // a client masks
        Require(!control || (final && length <= WebSocketFrame.MaxControlPayload));
        Require(control || (opcode == WebSocketFrame.Continuation) == (_messageOpcode != 0));
        if (opcode == WebSocketFrame.Binary)
            throw new WebSocketViolationException(CloseCode.BinaryFrame);

        var extended = length switch { 126 => 2, 127 => 8, _ => 0 };
        if (bytes.Length < 2 + extended)
        {
            MakeRoom(MaxHeader);
            return false;
        }

        if (extended == 2)
        {
            length = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
            Require(length > WebSocketFrame.MaxControlPayload);
        }
        else if (extended == 8)
        {
            length = BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]);
            Require(length is > ushort.MaxValue and <= long.MaxValue);
        }

        if (!control && length > (ulong)(_frameBytes - _messageLength))
            throw new WebSocketViolationException(CloseCode.TooBig);
        if (bytes.Length < 2 + extended + 4)
        {
            MakeRoom(MaxHeader);
            return false;
        }

        header = new Header(opcode, final, (int)length, 2 + extended + 4, MemoryMarshal.Read<uint>(bytes[(2 + extended)..]));
        return true;
    }

    /// <returns>False for a fragment: there is more to read.</returns>
    private bool Complete(in Header header, Memory<byte> payload, out Incoming incoming)
    {
        incoming = new Incoming(header.Opcode, payload);
        switch (header.Opcode)
        {
            case WebSocketFrame.Close:
                CheckClose(payload.Span);
                return true;
            case WebSocketFrame.Ping or WebSocketFrame.Pong:
                return true;
            case WebSocketFrame.Text when header.Final:
                break;
            default:
                if (!Gather(header, payload.Span))
                    return false;
                incoming = new Incoming(_messageOpcode, _message.AsMemory(0, _messageLength));
                _messageHandedOut = true;
                break;
        }

        if (!Utf8.IsValid(incoming.Payload.Span))
            throw new WebSocketViolationException(CloseCode.InvalidUtf8);
        return true;
    }

    /// <returns>Whether that was the last fragment.</returns>
    private bool Gather(in Header header, ReadOnlySpan<byte> payload)
    {
        if (header.Opcode != WebSocketFrame.Continuation)
            _messageOpcode = header.Opcode;
        _emptyInARow = payload.IsEmpty ? _emptyInARow + 1 : 0;
        if (++_fragments > _limits.FragmentsPerMessage || _emptyInARow > _limits.EmptyFragments)
            throw new WebSocketViolationException(CloseCode.Policy);
        if (_message.Length < _messageLength + payload.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(MinBuffer, 2 * (_messageLength + payload.Length)));
            _message.AsSpan(0, _messageLength).CopyTo(larger);
            Return(ref _message);
            _message = larger;
        }

        payload.CopyTo(_message.AsSpan(_messageLength));
        _messageLength += payload.Length;
        return header.Final;
    }

    /// <remarks>RFC 6455, sections 5.5.1 and 7.4: which codes may stand on the wire.</remarks>
    private static void CheckClose(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty)
            return;
        Require(payload.Length > 1);
        Require(BinaryPrimitives.ReadUInt16BigEndian(payload) is (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999));
        if (!Utf8.IsValid(payload[2..]))
            throw new WebSocketViolationException(CloseCode.InvalidUtf8);
    }

    /// <summary>Makes the buffer hold so many bytes from the frame's start on: moves them to the front, or to a larger buffer.</summary>
    private void MakeRoom(int length)
    {
        if (_buffer.Length - _start >= length)
            return;
        var buffered = _buffer.AsSpan(_start, _end - _start);
        if (_buffer.Length >= length)
        {
            buffered.CopyTo(_buffer);
        }
        else
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(length, MinBuffer));
            buffered.CopyTo(larger);
            Return(ref _buffer);
            _buffer = larger;
        }

        _end -= _start;
        _start = 0;
    }

    private static void Unmask(Span<byte> payload, uint mask)
    {
        var wide = mask | ((ulong)mask << 32);
        var words = MemoryMarshal.Cast<byte, ulong>(payload);
        for (var i = 0; i < words.Length; i++)
            words[i] ^= wide;
        for (var i = words.Length * sizeof(ulong); i < payload.Length; i++)
            payload[i] ^= (byte)(mask >> (8 * (i & 3)));
    }

    private static void Require(bool condition)
    {
        if (!condition)
            throw new WebSocketViolationException(CloseCode.ProtocolError);
    }

    private static void Return(ref byte[] rented)
    {
        if (rented.Length > 0)
            ArrayPool<byte>.Shared.Return(rented);
        rented = [];
    }

    /// <param name="Opcode">Of this frame; a continuation keeps its own.</param>
    /// <param name="Final">The last of its message.</param>
    /// <param name="Payload">Bytes of payload.</param>
    /// <param name="Length">Bytes of this header.</param>
    /// <param name="Mask">In the byte order of the wire.</param>
    private readonly record struct Header(byte Opcode, bool Final, int Payload, int Length, uint Mask);
}
