using System.Buffers.Binary;

namespace Skald.Protocol;

/// <summary>The frame around a payload on the wire, RFC 6455 section 5.2, as a server sends it: whole, never masked.</summary>
/// <remarks>Not masked means that every reader gets the same bytes: a message is framed once for all of them.</remarks>
public static class WebSocketFrame
{
    public const byte Continuation = 0x0, Text = 0x1, Binary = 0x2, Close = 0x8, Ping = 0x9, Pong = 0xA;

    public const int MaxHeaderLength = 10;

    /// <summary>Longest payload of a control frame.</summary>
    public const int MaxControlPayload = 125;

    public static int HeaderLength(int payloadLength) => payloadLength switch { <= 125 => 2, <= ushort.MaxValue => 4, _ => 10 };

    /// <returns>The header's length: the payload follows there.</returns>
    public static int WriteHeader(Span<byte> destination, byte opcode, int payloadLength)
    {
        const byte Final = 0x80;
        destination[0] = (byte)(Final | opcode);
        switch (payloadLength)
        {
            case <= 125:
                destination[1] = (byte)payloadLength;
                return 2;
            case <= ushort.MaxValue:
                destination[1] = 126;
                BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)payloadLength);
                return 4;
            default:
                destination[1] = 127;
                BinaryPrimitives.WriteUInt64BigEndian(destination[2..], (ulong)payloadLength);
                return MaxHeaderLength;
        }
    }

    /// <summary>Header and payload in one array.</summary>
    public static byte[] Encode(byte opcode, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[HeaderLength(payload.Length) + payload.Length];
        payload.CopyTo(frame.AsSpan(WriteHeader(frame, opcode, payload.Length)));
        return frame;
    }
}
