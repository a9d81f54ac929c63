using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Skald.Protocol;

/// <summary>Writes what a server says, as JSON without the WebSocket frame around it. Reused from frame to frame; not thread-safe.</summary>
/// <remarks>Field order is part of protocol/vectors/server-frames.json.</remarks>
public sealed class FrameWriter : IDisposable
{
    // Only what JSON itself asks for is escaped: readers parse JSON, and every response that carries it says so with nosniff.
    public static readonly JsonWriterOptions Options =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Bytes of a message's field names, seq and timestamp, and a few more.</summary>
    private const int LongestFixedPart = 160;

    private static readonly SearchValues<byte> Escaped =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(control => (byte)control), (byte)'"', (byte)'\\']);

    private readonly Utf8JsonWriter _json;
    private IBufferWriter<byte> _output;
    private ArrayBufferWriter<byte>? _escaped;

    public FrameWriter(IBufferWriter<byte> output)
    {
        _output = output;
        _json = new Utf8JsonWriter(output, Options);
    }

    /// <summary>Goes on in another buffer.</summary>
    public void Reset(IBufferWriter<byte> output)
    {
        _output = output;
        _json.Reset(output);
    }

    public void WriteMessage(in ChatMessage message) => WriteMessage(message, "\"}"u8);

    /// <summary>The answer to a send over HTTP: the message, and whether it was stored before.</summary>
    public void WriteStored(in ChatMessage message, bool duplicate) =>
        WriteMessage(message, duplicate ? "\",\"duplicate\":true}"u8 : "\",\"duplicate\":false}"u8);

    public void WriteReady(FrameId re, long userId, string username, string epoch, TimeSpan pingInterval, ProtocolLimits limits)
    {
        Start("ready"u8, re);
        _json.WriteStartObject("user"u8);
        _json.WriteNumber("id"u8, userId);
        _json.WriteString("username"u8, username);
        _json.WriteEndObject();
        _json.WriteString("epoch"u8, epoch);
        _json.WriteNumber("ping_interval"u8, (long)pingInterval.TotalMilliseconds);
        _json.WriteStartObject("limits"u8);
        _json.WriteNumber("message_code_points"u8, limits.MessageCodePoints);
        _json.WriteNumber("message_bytes"u8, limits.MessageBytes);
        _json.WriteNumber("frame_bytes"u8, limits.FrameBytes);
        _json.WriteNumber("rooms"u8, limits.Rooms);
        _json.WriteEndObject();
        End();
    }

    public void WriteJoined(FrameId re, in JoinedRoom joined)
    {
        Start("joined"u8, re);
        _json.WriteString("room"u8, joined.Room);
        _json.WriteNumber("seq"u8, joined.Seq);
        _json.WriteNumber("since"u8, joined.Since);
        _json.WriteBoolean("complete"u8, joined.Complete);
        _json.WriteNumber("first_seq"u8, joined.FirstSeq);
        _json.WriteString("epoch"u8, joined.Epoch);
        End();
    }

    public void WriteLeft(FrameId re, string room)
    {
        Start("left"u8, re);
        _json.WriteString("room"u8, room);
        End();
    }

    /// <param name="re">The send's id.</param>
    /// <param name="message">What is stored.</param>
    /// <param name="duplicate">Stored before, under the same client_msg_id: then the ack carries the text that is kept.</param>
    public void WriteAck(FrameId re, in ChatMessage message, bool duplicate)
    {
        Start("ack"u8, re);
        _json.WriteString("room"u8, message.Room);
        _json.WriteNumber("seq"u8, message.Seq);
        WriteTimestamp(message.Timestamp);
        _json.WriteBoolean("duplicate"u8, duplicate);
        if (duplicate)
        {
            _json.WritePropertyName("message"u8);
            _json.WriteRawValue([(byte)'"', .. Escape(message.Text), (byte)'"'], skipInputValidation: true);
        }

        End();
    }

    public void WritePong(FrameId re)
    {
        Start("pong"u8, re);
        End();
    }

    public void WriteError(FrameId re, ChatError error)
    {
        Start("error"u8, re);
        if (error.Room is { } room)
            _json.WriteString("room"u8, room);
        _json.WriteString("code"u8, error.Code.Name);
        _json.WriteString("detail"u8, error.Detail);
        _json.WriteBoolean("retryable"u8, error.Code.Retryable);
        if (error.RetryAfter is { } wait)
            _json.WriteNumber("retry_after_ms"u8, (long)Math.Ceiling(wait.TotalMilliseconds));
        End();
    }

    public void WriteClosing(CloseCode code, TimeSpan? reconnectAfter)
    {
        Start("closing"u8, re: default);
        _json.WriteNumber("code"u8, code.Number);
        _json.WriteString("reason"u8, code.Reason);
        _json.WriteBoolean("reconnect"u8, code.Reconnect);
        if (reconnectAfter is { } wait)
            _json.WriteNumber("reconnect_after_ms"u8, (long)wait.TotalMilliseconds);
        End();
    }

    public void Dispose() => _json.Dispose();

    private void Start(ReadOnlySpan<byte> type, FrameId re)
    {
        _json.WriteStartObject();
        _json.WriteString("type"u8, type);
        re.WriteTo(_json);
    }

    private void End()
    {
        _json.WriteEndObject();
        _json.Flush();
        _json.Reset();
    }

    /// <remarks>Nearly all that is ever written, and so put together without a JSON writer.</remarks>
    private void WriteMessage(in ChatMessage message, ReadOnlySpan<byte> end)
    {
        var text = message.Text.ContainsAny(Escaped) ? Escape(message.Text) : message.Text;
        var line = _output.GetSpan(
            LongestFixedPart + message.Room.Length + message.Username.Length + text.Length + message.ClientMessageId.Length + end.Length);
        var length = 0;
        Put(line, ref length, "{\"type\":\"chat_message\",\"room\":\""u8);
        length += Encoding.ASCII.GetBytes(message.Room, line[length..]);
        Put(line, ref length, "\",\"seq\":"u8);
        Utf8Formatter.TryFormat(message.Seq, line[length..], out var digits);
        length += digits;
        Put(line, ref length, ",\"username\":\""u8);
        Put(line, ref length, message.Username);
        Put(line, ref length, "\",\"message\":\""u8);
        Put(line, ref length, text);
        Put(line, ref length, "\",\"timestamp\":\""u8);
        message.Timestamp.Format(line[length..]);
        length += Timestamp.Length;
        if (!message.ClientMessageId.IsEmpty)
        {
            Put(line, ref length, "\",\"client_msg_id\":\""u8);
            Put(line, ref length, message.ClientMessageId);
        }

        Put(line, ref length, end);
        _output.Advance(length);
    }

    private static void Put(Span<byte> line, ref int length, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(line[length..]);
        length += bytes.Length;
    }

    /// <returns>The text as it stands between quotes, until the next call.</returns>
    /// <remarks>The platform's encoders know no character beyond 16 bits and write an emoji as twelve bytes: so we escape texts ourselves.</remarks>
    private ReadOnlySpan<byte> Escape(ReadOnlySpan<byte> utf8)
    {
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

    private void WriteTimestamp(Timestamp timestamp)
    {
        Span<byte> text = stackalloc byte[Timestamp.Length];
        timestamp.Format(text);
        _json.WriteString("timestamp"u8, text);
    }
}

/// <summary>Where a join begins; see <c>joined</c> in docs/protocol.md.</summary>
/// <param name="Room">The room's name.</param>
/// <param name="Seq">Its newest message.</param>
/// <param name="Since">Messages after this one follow.</param>
/// <param name="Complete">False where the log cannot continue from the position that was asked for.</param>
/// <param name="FirstSeq">The oldest message kept; 1 where the room is empty.</param>
/// <param name="Epoch">Which log this is.</param>
public readonly record struct JoinedRoom(string Room, long Seq, long Since, bool Complete, long FirstSeq, string Epoch);
