using System.Text;

namespace Skald.Protocol;

/// <summary>What may stand in a message: the one rule for sockets and HTTP.</summary>
public static class MessageText
{
    /// <summary>The refusal of a text that shows nothing.</summary>
    public static ChatError Empty { get; } =
        new(ErrorCode.EmptyMessage, "The message has no text to see. Write something besides spaces and invisible characters.");

    /// <param name="text">Valid UTF-8.</param>
    /// <param name="limits">The server's sizes.</param>
    /// <returns>Why the text is refused, or null.</returns>
    public static ChatError? Check(ReadOnlySpan<byte> text, ProtocolLimits limits)
    {
        if (IsBlank(text))
            return Empty;
        if (text.Length > limits.MessageBytes || CountCodePoints(text) > limits.MessageCodePoints)
            return new ChatError(
                ErrorCode.TooLong,
                $"The message is longer than {limits.MessageCodePoints} code points or {limits.MessageBytes} bytes of UTF-8; send it in parts.");
        if (text.Contains((byte)0))
            return new ChatError(ErrorCode.Malformed, "The message holds a NUL character; leave it out.");
        return null;
    }

    /// <summary>Whether a text is empty for its readers: white space, and what is shown as nothing by itself, such as U+200B.</summary>
    /// <param name="text">Valid UTF-8. Most texts are known by their first letter.</param>
    internal static bool IsBlank(ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            Rune.DecodeFromUtf8(text, out var rune, out var length);
            if (!IsUnseen(rune.Value))
                return false;
            text = text[length..];
        }

        return true;
    }

    /// <remarks>
    /// Unicode's White_Space and Default_Ignorable_Code_Point (UAX #44, PropList and DerivedCoreProperties), which include what may
    /// still be assigned. The BCL knows the former only. Clients have the same ranges from protocol/vectors/blank.json.
    /// </remarks>
    private static bool IsUnseen(int codePoint) => codePoint is
        (>= 0x09 and <= 0x0D) or 0x20 or 0x85 or 0xA0 or 0xAD or 0x034F or 0x061C or (>= 0x115F and <= 0x1160) or 0x1680
        or (>= 0x17B4 and <= 0x17B5) or (>= 0x180B and <= 0x180F) or (>= 0x2000 and <= 0x200F) or (>= 0x2028 and <= 0x202F)
        or (>= 0x205F and <= 0x206F) or 0x3000 or 0x3164 or (>= 0xFE00 and <= 0xFE0F) or 0xFEFF or 0xFFA0 or (>= 0xFFF0 and <= 0xFFF8)
        or (>= 0x1BCA0 and <= 0x1BCA3) or (>= 0x1D173 and <= 0x1D17A) or (>= 0xE0000 and <= 0xE0FFF);

    /// <remarks>Every byte of UTF-8 starts a code point unless it is a continuation, <c>10xxxxxx</c>: as signed, below -64.</remarks>
    private static int CountCodePoints(ReadOnlySpan<byte> text)
    {
        var continuations = 0;
        foreach (var b in text)
            continuations += (sbyte)b < -64 ? 1 : 0;
        return text.Length - continuations;
    }
}
