using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Skald.Protocol;

/// <summary>What the server's frames write themselves with: JSON without the WebSocket frame around it.</summary>
/// <remarks>Reused from frame to frame; not thread-safe. Field order is part of protocol/vectors/server-frames.json.</remarks>
public sealed class FrameWriter(IBufferWriter<byte> output) : IDisposable
{
    // Only what JSON itself asks for is escaped: readers parse JSON, and every response that carries it says so with nosniff.
    public static readonly JsonWriterOptions Options =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private static readonly SearchValues<byte> Escaped =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(control => (byte)control), (byte)'"', (byte)'\\']);

    private IBufferWriter<byte> _output = output;
    private Utf8JsonWriter? _json;
    private ArrayBufferWriter<byte>? _escaped;

    /// <summary>
    /// Writes the fields of a frame, between <see cref="Start"/> and <see cref="End"/>. Made when it is asked for: what is written most
    /// needs none, see <see cref="Line"/>.
    /// </summary>
    internal Utf8JsonWriter Json => _json ??= new Utf8JsonWriter(_output, Options);

    /// <summary>Goes on in another buffer.</summary>
    public void Reset(IBufferWriter<byte> output)
    {
        _output = output;
        _json?.Reset(output);
    }

    public void Dispose() => _json?.Dispose();

    /// <summary>Begins a frame that answers a command, or none where <paramref name="re"/> is not wanted.</summary>
    internal void Start(ReadOnlySpan<byte> type, FrameId re)
    {
        Json.WriteStartObject();
        Json.WriteString("type"u8, type);
        re.WriteTo(Json);
    }

    internal void End()
    {
        Json.WriteEndObject();
        Json.Flush();
        Json.Reset();
    }

    internal void WriteTimestamp(Timestamp timestamp)
    {
        Span<byte> text = stackalloc byte[Timestamp.Length];
        timestamp.Format(text);
        Json.WriteString("timestamp"u8, text);
    }

    /// <summary>Writes a text as the field <c>message</c>.</summary>
    internal void WriteText(ReadOnlySpan<byte> utf8)
    {
        Json.WritePropertyName("message"u8);
        Json.WriteRawValue([(byte)'"', .. Escape(utf8), (byte)'"'], skipInputValidation: true);
    }

    /// <summary>Begins a piece of JSON that is put together without a JSON writer: what is written most.</summary>
    /// <param name="most">Bytes of the longest it can be.</param>
    internal FrameLine Line(int most) => new(_output, most);

    /// <returns>The text as it stands between quotes, until the next call.</returns>
    /// <remarks>
    /// The platform's encoders know no character beyond 16 bits and write an emoji as twelve bytes: so texts are escaped here.
    /// </remarks>
    internal ReadOnlySpan<byte> Escape(ReadOnlySpan<byte> utf8)
    {
        if (!utf8.ContainsAny(Escaped))
            return utf8;
        var text = _escaped ??= new ArrayBufferWriter<byte>();
        text.ResetWrittenCount();
        for (var rest = utf8; !rest.IsEmpty;)
        {
            var plain = rest.IndexOfAny(Escaped);
            text.Write(plain < 0 ? rest : rest[..plain]);
            if (plain < 0)
                break;
            WriteEscaped(text, rest[plain]);
            rest = rest[(plain + 1)..];
        }

        return text.WrittenSpan;
    }

    private static void WriteEscaped(ArrayBufferWriter<byte> text, byte character)
    {
        text.Write(character switch
        {
            (byte)'"' => "\\\""u8,
            (byte)'\\' => "\\\\"u8,
            (byte)'\n' => "\\n"u8,
            (byte)'\r' => "\\r"u8,
            (byte)'\t' => "\\t"u8,
            _ => "\\u00"u8,
        });
        if (character is < 0x20 and not ((byte)'\n' or (byte)'\r' or (byte)'\t'))
            text.Write([(byte)('0' + (character >> 4)), (byte)"0123456789abcdef"[character & 0xF]]);
    }
}
