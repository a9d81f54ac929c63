using System.Buffers.Binary;

namespace Skald.Bench.Load;

/// <summary>
/// What stands at the beginning of every text that the bench sends: <c>~</c>, then in hexadecimal the sender's place in its room (4),
/// the number of its message (8) and the intended time of sending (16). A server passes it through as text; the load side finds it
/// in a frame without parsing JSON.
/// </summary>
internal readonly record struct Marker(int Sender, uint Number, long SentAt)
{
    /// <summary>Stands in no name, no timestamp and no field of a frame, and is escaped by no JSON writer.</summary>
    public const byte Start = (byte)'~';

    public const int Length = 1 + 4 + 8 + 16;

    public static bool TryFind(ReadOnlySpan<byte> frame, out Marker marker)
    {
        marker = default;
        var start = frame.IndexOf(Start);
        if (start < 0 || frame.Length < start + Length)
            return false;

        var digits = frame[(start + 1)..];
        var sender = (int)(Eight(digits) >> 16); // the lower half is the first four digits of the number
        marker = new Marker(sender, Eight(digits[4..]), ((long)Eight(digits[12..]) << 32) | Eight(digits[20..]));
        return true;
    }

    public void Write(Span<byte> text)
    {
        text[0] = Start;
        WriteHex(text.Slice(1, 4), (ulong)Sender);
        WriteHex(text.Slice(5, 8), Number);
        WriteHex(text.Slice(13, 16), (ulong)SentAt);
    }

    public static void WriteHex(Span<byte> digits, ulong value)
    {
        for (var i = digits.Length - 1; i >= 0; i--, value >>= 4)
            digits[i] = "0123456789abcdef"u8[(int)(value & 0xF)];
    }

    /// <summary>Reads eight hexadecimal digits (lower case), all at once.</summary>
    private static uint Eight(ReadOnlySpan<byte> digits)
    {
        // A letter has bit 6 and is 9 short of its value in its low four bits.
        var characters = BinaryPrimitives.ReadUInt64BigEndian(digits);
        var nibbles = (characters & 0x0F0F0F0F0F0F0F0F) + (9 * ((characters >> 6) & 0x0101010101010101));
        var bytes = (nibbles | (nibbles >> 4)) & 0x00FF00FF00FF00FF;
        var words = (bytes | (bytes >> 8)) & 0x0000FFFF0000FFFF;
        return (uint)(words | (words >> 16));
    }
}
