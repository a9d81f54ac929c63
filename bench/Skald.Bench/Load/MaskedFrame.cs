using System.Buffers.Binary;

namespace Skald.Bench.Load;

/// <summary>
/// Frames from client to server (RFC 6455, section 5.2). The mask is zero: the server does its work, and the load side has none.
/// </summary>
internal static class MaskedFrame
{
    public const int Text = 1;
    public const int Close = 8;
    public const int Ping = 9;
    public const int Pong = 10;

    private const int MaskLength = 4;

    public static byte[] Wrap(int opcode, ReadOnlySpan<byte> payload)
    {
        var header = HeaderLength(payload.Length);
        var frame = new byte[header + payload.Length];
        payload.CopyTo(frame.AsSpan(header));
        frame[0] = (byte)(0x80 | opcode);
        switch (header - MaskLength)
        {
            case 2:
                frame[1] = (byte)(0x80 | payload.Length);
                break;
            case 4:
                frame[1] = 0x80 | 126;
                BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)payload.Length);
                break;
            default:
                frame[1] = 0x80 | 127;
                BinaryPrimitives.WriteUInt64BigEndian(frame.AsSpan(2), (ulong)payload.Length);
                break;
        }

        return frame;
    }

    private static int HeaderLength(int payload) => MaskLength + payload switch { < 126 => 2, <= ushort.MaxValue => 4, _ => 10 };
}
