namespace Skald.Protocol;

/// <summary>What may stand in a message: the one rule for sockets and HTTP.</summary>
public static class MessageText
{
    /// <param name="text">Valid UTF-8.</param>
    /// <param name="limits">The server's sizes.</param>
    /// <returns>Why the text is refused, or null.</returns>
    public static ChatError? Check(ReadOnlySpan<byte> text, ProtocolLimits limits)
    {
        if (text.IsEmpty)
            return new ChatError(ErrorCode.EmptyMessage, "The message has no text.");
        if (text.Length > limits.MessageBytes || CountCodePoints(text) > limits.MessageCodePoints)
            return new ChatError(
                ErrorCode.TooLong,
                $"The message is longer than {limits.MessageCodePoints} code points or {limits.MessageBytes} bytes of UTF-8; send it in parts.");
        if (text.Contains((byte)0))
            return new ChatError(ErrorCode.Malformed, "The message holds a NUL character; leave it out.");
        return null;
    }

    /// <remarks>Every byte of UTF-8 starts a code point unless it is a continuation, <c>10xxxxxx</c>: as signed, below -64.</remarks>
    private static int CountCodePoints(ReadOnlySpan<byte> text)
    {
        var continuations = 0;
        foreach (var b in text)
            continuations += (sbyte)b < -64 ? 1 : 0;
        return text.Length - continuations;
    }
}
