using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Skald.Bench.Peers.Floor;

/// <summary>Frames from client to server (RFC 6455, section 5.2): masked, here never in fragments.</summary>
internal static class ClientFrame
{
    public const int Text = 1;
    public const int Close = 8;

    private const int MaskLength = 4;

    /// <summary>Takes the next frame off <paramref name="bytes"/> and unmasks its payload in place.</summary>
    public static bool TryRead(ref Span<byte> bytes, out int opcode, out ReadOnlySpan<byte> payload)
    {
        opcode = 0;
        payload = default;
        if (bytes.Length < 2)
            return false;

        var length = bytes[1] & 0x7F;
        var header = length switch { 126 => 4, 127 => 10, _ => 2 };
        if (bytes.Length < header + MaskLength)
            return false;
        if (header == 4)
            length = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (header == 10)
            length = checked((int)BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]));
        if (bytes.Length < header + MaskLength + length)
            return false;

        var masked = bytes.Slice(header + MaskLength, length);
        Unmask(masked, MemoryMarshal.Read<uint>(bytes[header..]));
        opcode = bytes[0] & 0x0F;
        payload = masked;
        bytes = bytes[(header + MaskLength + length)..];
        return true;
    }

    private static void Unmask(Span<byte> payload, uint mask)
    {
        if (mask == 0)
            return;
        var key = MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref mask, 1));
        for (var i = 0; i < payload.Length; i++)
            payload[i] ^= key[i & 3];
    }
}
