namespace Skald.Protocol;

/// <summary>One number of a room's log: a message, what was done to one, or to the room and its members.</summary>
/// <remarks>
/// An entry points at its message and holds nothing of it: what is read is the message as it is by then. So a text lies in one place,
/// and is gone where it is erased.
/// </remarks>
public readonly ref struct LogEntry : IServerFrame
{
    private const int EmptyObject = 2;   // bytes: {}

    public required EntryKind Kind { get; init; }

    public required string Room { get; init; }

    /// <summary>The message itself, or the one that it is about, as it is now. Of an entry about no message: none, its seq is 0.</summary>
    public ChatMessage Message { get; init; }

    /// <summary>What else the entry says: the fields of a JSON object, in its braces. Empty where it says nothing.</summary>
    public ReadOnlySpan<byte> Data { get; init; }

    /// <summary>The place in the log; of a message its own.</summary>
    public required long Seq { get; init; }

    /// <summary>Who did it, UTF-8; of a message its sender.</summary>
    public ReadOnlySpan<byte> By { get; init; }

    /// <summary>When it was stored.</summary>
    public Timestamp Timestamp { get; init; }

    public static LogEntry Of(ChatMessage message) => new()
    {
        Kind = EntryKind.Message,
        Room = message.Room,
        Message = message,
        Seq = message.Seq,
        By = message.Username,
        Timestamp = message.Timestamp,
    };

    /// <summary>What a reader of the log is sent: a message, or an <c>entry</c> about one.</summary>
    /// <remarks>A message that was deleted before it is read is a number with nothing in it: the entry that deleted it follows.</remarks>
    public void WriteTo(FrameWriter writer)
    {
        if (Kind != EntryKind.Message)
            WriteChange(writer);
        else if (!Message.IsDeleted)
            Message.WriteTo(writer);
        else
            WriteNone(writer);
    }

    private void WriteChange(FrameWriter writer)
    {
        var line = Begin(writer, KindName);
        line.Put("\",\"timestamp\":\""u8);
        line.Put(Timestamp);
        line.Put("\",\"by\":\""u8);
        line.Put(By);
        line.Put("\""u8);
        if (Message.Seq > 0)
        {
            line.Put(",\"target\":"u8);
            line.Put(Message.Seq);
        }

        if (Data.Length > EmptyObject)
        {
            line.Put(","u8);
            line.Put(Data[1..^1]);
        }

        if (Message.Seq == 0)
        {
            line.Put("}"u8);
            line.End();
            return;
        }

        line.Put(",\"now\":"u8);
        line.End();
        Message.WriteTo(writer, "}}"u8);
    }

    private ReadOnlySpan<byte> KindName => Kind switch
    {
        EntryKind.Edited => "edited"u8,
        EntryKind.Deleted => "deleted"u8,
        EntryKind.Member => "member"u8,
        EntryKind.Room => "room"u8,
        _ => throw new InvalidOperationException($"An entry of kind {Kind} has no frame."),
    };

    private void WriteNone(FrameWriter writer)
    {
        var line = Begin(writer, "none"u8);
        line.Put("\"}"u8);
        line.End();
    }

    private FrameLine Begin(FrameWriter writer, ReadOnlySpan<byte> kind)
    {
        var line = writer.Line(ChatMessage.LongestFixedPart + Room.Length + By.Length + Data.Length);
        line.Put("{\"type\":\"entry\",\"room\":\""u8);
        line.Put(Room);
        line.Put("\",\"seq\":"u8);
        line.Put(Seq);
        line.Put(",\"kind\":\""u8);
        line.Put(kind);
        return line;
    }
}
