using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Skald.Bench.Load;

/// <summary>
/// The bytes of a send, made once; only the marker, and the command's id where there is one, change from one send to the next.
/// </summary>
internal sealed class MessageTemplate
{
    /// <summary>Stands in a payload for the number of the message, in decimal, where the answer is to name it.</summary>
    public const string IdPlace = "00000000";

    private readonly byte[] _bytes;
    private readonly int _marker;
    private readonly int _id;

    private MessageTemplate(byte[] bytes)
    {
        _bytes = bytes;
        // The last one: a frame's length can look like a marker's start.
        _marker = bytes.AsSpan().LastIndexOf(Marker.Start);
        _id = bytes.AsSpan(0, _marker).IndexOf(Encoding.ASCII.GetBytes(IdPlace));
    }

    public static MessageTemplate Frame(string before, int textBytes, string after) =>
        new(MaskedFrame.Wrap(MaskedFrame.Text, Encoding.UTF8.GetBytes(before + Text(textBytes) + after)));

    public static MessageTemplate HttpPost(string path, string token, int textBytes)
    {
        var body = $$"""{"message":"{{Text(textBytes)}}"}""";
        return new MessageTemplate(Encoding.UTF8.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n" +
            $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
    }

    /// <returns>The bytes to send, valid until the next call.</returns>
    public ReadOnlySpan<byte> Stamp(Marker marker)
    {
        marker.Write(_bytes.AsSpan(_marker));
        if (_id > 0)
            _ = Utf8Formatter.TryFormat(marker.Number, _bytes.AsSpan(_id, IdPlace.Length), out _, new StandardFormat('D', 8));
        return _bytes;
    }

    private static string Text(int bytes)
    {
        if (bytes < Marker.Length)
            throw new ArgumentOutOfRangeException(nameof(bytes), $"A text has at least {Marker.Length} bytes.");
        return new string((char)Marker.Start, 1).PadRight(bytes, 'x');
    }
}
