using System.Buffers.Binary;

namespace Skald.Bench.Peers.Floor;

/// <summary>Frames from server to client (RFC 6455, section 5.2): one text frame, final, not masked.</summary>
internal static class ServerFrame
{
    public const int LongestHeader = 10;

    private const byte FinalText = 0x81;

    /// <summary>Puts the header before a payload that was written behind <see cref="LongestHeader"/> bytes left for it.</summary>
    /// <returns>The length of the frame, which starts at the beginning of <paramref name="target"/>.</returns>
    public static int Frame(Span<byte> target, int payload)
    {
        var header = payload switch { < 126 => 2, <= ushort.MaxValue => 4, _ => 10 };
        target.Slice(LongestHeader, payload).CopyTo(target[header..]);
        target[0] = FinalText;
        switch (header)
        {
            case 2:
                target[1] = (byte)payload;
                break;
            case 4:
                target[1] = 126;
                BinaryPrimitives.WriteUInt16BigEndian(target[2..], (ushort)payload);
                break;
            default:
                target[1] = 127;
                BinaryPrimitives.WriteUInt64BigEndian(target[2..], (ulong)payload);
                break;
        }

        return header + payload;
    }
}
