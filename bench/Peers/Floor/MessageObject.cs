using System.Buffers.Text;

namespace Skald.Bench.Peers.Floor;

/// <summary>The message object from <c>seq</c>'s value on: the fields, and so about the bytes, that Skald sends.</summary>
internal static class MessageObject
{
    private const string MicrosecondsUtc = "yyyy-MM-ddTHH:mm:ss.ffffffZ";

    /// <summary>The most that <see cref="WriteRest"/> adds to the text.</summary>
    public const int LongestRest = 128;

    public static int WriteRest(Span<byte> target, long seq, ReadOnlySpan<byte> text)
    {
        Utf8Formatter.TryFormat(seq, target, out var length);
        length += Write(target[length..], ",\"username\":\"bench-0\",\"message\":\""u8);
        length += Write(target[length..], text);
        length += Write(target[length..], "\",\"timestamp\":\""u8);
        TimeProvider.System.GetUtcNow().TryFormat(target[length..], out var timestamp, MicrosecondsUtc);
        length += timestamp;
        return length + Write(target[length..], "\"}"u8);
    }

    private static int Write(Span<byte> target, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(target);
        return bytes.Length;
    }
}
