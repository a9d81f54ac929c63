using System.Buffers.Binary;

namespace Skald.Bench.Load;

/// <summary>A frame from server to client (RFC 6455, section 5.2), found in what was received.</summary>
/// <param name="Opcode">Its kind; 0 continues a message in fragments.</param>
/// <param name="IsFinal">Whether the message ends with it.</param>
/// <param name="PayloadStart">Where in the bytes its payload starts.</param>
/// <param name="End">Where the next frame starts.</param>
internal readonly record struct ServerFrame(int Opcode, bool IsFinal, int PayloadStart, int End)
{
    public static bool TryRead(ReadOnlySpan<byte> bytes, out ServerFrame frame)
    {
        frame = default;
        if (bytes.Length < 2)
            return false;

        int payloadStart = 2, length = bytes[1];
        if (length == 126)
        {
            if (bytes.Length < 4)
                return false;
            payloadStart = 4;
            length = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        }
        else if (length == 127)
        {
            if (bytes.Length < 10)
                return false;
            payloadStart = 10;
            length = checked((int)BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]));
        }

        if (bytes.Length < payloadStart + length)
            return false;
        frame = new ServerFrame(bytes[0] & 0x0F, (bytes[0] & 0x80) != 0, payloadStart, payloadStart + length);
        return true;
    }
}
