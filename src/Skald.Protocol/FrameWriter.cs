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

    /// <summary>Bytes of a message's field names, numbers and moments, with some to spare.</summary>
    private const int LongestFixedPart = 320;

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

    public void WriteMessage(in ChatMessage message) => WriteMessage(message, "}"u8);

    /// <summary>The answer to a send over HTTP: the message, and whether it was stored before.</summary>
    public void WriteStored(in ChatMessage message, bool duplicate) =>
        WriteMessage(message, duplicate ? ",\"duplicate\":true}"u8 : ",\"duplicate\":false}"u8);

    /// <summary>What a reader of the log is sent: a message, or an entry about one.</summary>
    /// <remarks>A message that was deleted before it is read is a number with nothing in it: the entry that deleted it follows.</remarks>
    public void WriteEntry(in LogEntry entry)
    {
        if (entry.Kind != EntryKind.Message)
            WriteChange(entry);
        else if (!entry.Message.IsDeleted)
            WriteMessage(entry.Message, "}"u8);
        else
            WriteNothing(entry.Message.Room, entry.Seq);
    }

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

    public void WriteAck(FrameId re, in StoredEntry stored)
    {
        Start("ack"u8, re);
        WriteFields(stored);
        End();
    }

    /// <summary>The answer to an edit or a delete over HTTP: an <c>ack</c> without what belongs to sockets.</summary>
    public void WriteStored(in StoredEntry stored)
    {
        _json.WriteStartObject();
        WriteFields(stored);
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
        if (error.Now is { } now)
        {
            _json.WritePropertyName("now"u8);
            _json.WriteRawValue(now, skipInputValidation: true);
        }

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

    private void WriteFields(in StoredEntry stored)
    {
        _json.WriteString("room"u8, stored.Room);
        _json.WriteNumber("seq"u8, stored.Seq);
        WriteTimestamp(stored.Timestamp);
        if (stored.Target > 0)
            _json.WriteNumber("target"u8, stored.Target);
        _json.WriteBoolean("duplicate"u8, stored.Duplicate);
        if (stored.Unchanged)
            _json.WriteBoolean("unchanged"u8, true);
        if (stored.Text is { } text)
        {
            _json.WritePropertyName("message"u8);
            _json.WriteRawValue([(byte)'"', .. Escape(text), (byte)'"'], skipInputValidation: true);
        }
    }

    private void WriteChange(in LogEntry entry)
    {
        var kind = entry.Kind switch
        {
            EntryKind.Edited => "edited"u8,
            EntryKind.Deleted => "deleted"u8,
            _ => throw new ArgumentOutOfRangeException(nameof(entry), entry.Kind, "This kind has no frame."),
        };
        var line = _output.GetSpan(LongestFixedPart + entry.Message.Room.Length + entry.By.Length);
        var length = 0;
        PutEntry(line, ref length, entry.Message.Room, entry.Seq);
        Put(line, ref length, kind);
        Put(line, ref length, "\",\"timestamp\":\""u8);
        Put(line, ref length, entry.Timestamp);
        Put(line, ref length, "\",\"by\":\""u8);
        Put(line, ref length, entry.By);
        Put(line, ref length, "\",\"target\":"u8);
        Put(line, ref length, entry.Message.Seq);
        Put(line, ref length, ",\"now\":"u8);
        _output.Advance(length);
        WriteMessage(entry.Message, "}}"u8);
    }

    private void WriteNothing(string room, long seq)
    {
        var line = _output.GetSpan(LongestFixedPart + room.Length);
        var length = 0;
        PutEntry(line, ref length, room, seq);
        Put(line, ref length, "none\"}"u8);
        _output.Advance(length);
    }

    /// <remarks>Nearly all that is ever written, and so put together without a JSON writer.</remarks>
    private void WriteMessage(in ChatMessage message, ReadOnlySpan<byte> end)
    {
        var text = message.Text.ContainsAny(Escaped) ? Escape(message.Text) : message.Text;
        var line = _output.GetSpan(
            LongestFixedPart + message.Room.Length + message.Username.Length + text.Length + message.ClientMessageId.Length + message.DeletedBy.Length + end.Length);
        var length = 0;
        Put(line, ref length, "{\"type\":\"chat_message\",\"room\":\""u8);
        length += Encoding.ASCII.GetBytes(message.Room, line[length..]);
        Put(line, ref length, "\",\"seq\":"u8);
        Put(line, ref length, message.Seq);
        Put(line, ref length, ",\"username\":\""u8);
        Put(line, ref length, message.Username);
        if (!message.IsDeleted)
        {
            Put(line, ref length, "\",\"message\":\""u8);
            Put(line, ref length, text);
        }

        Put(line, ref length, "\",\"timestamp\":\""u8);
        Put(line, ref length, message.Timestamp);
        if (!message.ClientMessageId.IsEmpty)
        {
            Put(line, ref length, "\",\"client_msg_id\":\""u8);
            Put(line, ref length, message.ClientMessageId);
        }

        Put(line, ref length, "\",\"version\":"u8);
        Put(line, ref length, message.Version);
        if (message.IsDeleted)
        {
            Put(line, ref length, ",\"deleted\":{\"at\":\""u8);
            Put(line, ref length, message.DeletedAt);
            Put(line, ref length, "\",\"by\":\""u8);
            Put(line, ref length, message.DeletedBy);
            Put(line, ref length, "\"}"u8);
        }
        else if (message.TextVersion > 0)
        {
            Put(line, ref length, ",\"text_version\":"u8);
            Put(line, ref length, message.TextVersion);
            Put(line, ref length, ",\"edited_at\":\""u8);
            Put(line, ref length, message.EditedAt);
            Put(line, ref length, "\""u8);
        }

        Put(line, ref length, end);
        _output.Advance(length);
    }

    private static void PutEntry(Span<byte> line, ref int length, string room, long seq)
    {
        Put(line, ref length, "{\"type\":\"entry\",\"room\":\""u8);
        length += Encoding.ASCII.GetBytes(room, line[length..]);
        Put(line, ref length, "\",\"seq\":"u8);
        Put(line, ref length, seq);
        Put(line, ref length, ",\"kind\":\""u8);
    }

    private static void Put(Span<byte> line, ref int length, long number)
    {
        Utf8Formatter.TryFormat(number, line[length..], out var digits);
        length += digits;
    }

    private static void Put(Span<byte> line, ref int length, Timestamp moment)
    {
        moment.Format(line[length..]);
        length += Timestamp.Length;
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

/// <summary>Where a join begins; see <c>joined</c> in docs/protocol.</summary>
/// <param name="Since">Messages after this one follow.</param>
/// <param name="Complete">False where the log cannot continue from the position that was asked for.</param>
/// <param name="FirstSeq">The oldest message kept; 1 where the room is empty.</param>
/// <param name="Epoch">Which log this is.</param>
public readonly record struct JoinedRoom(string Room, long Seq, long Since, bool Complete, long FirstSeq, string Epoch);

/// <summary>What a command about the log has come to, for its sender.</summary>
/// <param name="Seq">The entry that is stored; where nothing changed, the one that made the message what it is.</param>
/// <param name="Timestamp">When it was stored.</param>
/// <param name="Target">The message it is about; 0 for a message itself.</param>
/// <param name="Duplicate">Stored before, under the same client_msg_id.</param>
/// <param name="Unchanged">The message was so already, and nothing was stored.</param>
/// <param name="Text">The text that is kept, of a duplicate message; null for all else.</param>
public readonly record struct StoredEntry(string Room, long Seq, Timestamp Timestamp, long Target, bool Duplicate, bool Unchanged, byte[]? Text);
