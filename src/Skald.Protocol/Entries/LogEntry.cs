namespace Skald.Protocol;

/// <summary>One number of a room's log: a message, or what was done to one.</summary>
/// <remarks>
/// An entry points at its message and holds nothing of it: what is read is the message as it is by then. So a text lies in one place,
/// and is gone where it is erased.
/// </remarks>
public readonly ref struct LogEntry : IServerFrame
{
    public required EntryKind Kind { get; init; }

    /// <summary>The message itself, or, of any other kind, the one it is about, as it is now.</summary>
    public required ChatMessage Message { get; init; }

    /// <summary>The place in the log; of a message its own.</summary>
    public required long Seq { get; init; }

    /// <summary>Who did it, UTF-8; of a message its sender.</summary>
    public ReadOnlySpan<byte> By { get; init; }

    /// <summary>When it was stored.</summary>
    public Timestamp Timestamp { get; init; }

    public static LogEntry Of(ChatMessage message) => new()
    {
        Kind = EntryKind.Message,
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
        var kind = Kind switch
        {
            EntryKind.Edited => "edited"u8,
            EntryKind.Deleted => "deleted"u8,
            _ => throw new InvalidOperationException($"An entry of kind {Kind} has no frame."),
        };
        var line = Begin(writer, kind);
        line.Put("\",\"timestamp\":\""u8);
        line.Put(Timestamp);
        line.Put("\",\"by\":\""u8);
        line.Put(By);
        line.Put("\",\"target\":"u8);
        line.Put(Message.Seq);
        line.Put(",\"now\":"u8);
        line.End();
        Message.WriteTo(writer, "}}"u8);
    }

    private void WriteNone(FrameWriter writer)
    {
        var line = Begin(writer, "none"u8);
        line.Put("\"}"u8);
        line.End();
    }

    private FrameLine Begin(FrameWriter writer, ReadOnlySpan<byte> kind)
    {
        var line = writer.Line(ChatMessage.LongestFixedPart + Message.Room.Length + By.Length);
        line.Put("{\"type\":\"entry\",\"room\":\""u8);
        line.Put(Message.Room);
        line.Put("\",\"seq\":"u8);
        line.Put(Seq);
        line.Put(",\"kind\":\""u8);
        line.Put(kind);
        return line;
    }
}
