namespace Skald.Protocol;

/// <summary>
/// A stored message as it is now, with every change that the log holds of it: one shape on sockets, in history and on disk.
/// </summary>
/// <remarks>Texts are spans of UTF-8 that the caller owns, valid during the call: no string is made of a message on its way.
/// The names among them follow rules that leave nothing to escape in JSON; the text may be anything.</remarks>
public readonly ref struct ChatMessage
{
    /// <summary>Bytes of the field names, numbers and moments, with some to spare.</summary>
    internal const int LongestFixedPart = 320;

    private readonly long _version;

    public required string Room { get; init; }

    /// <summary>The place in the room's log, and the message's name for ever. A number once given is never given again.</summary>
    public required long Seq { get; init; }

    public required ReadOnlySpan<byte> Username { get; init; }

    /// <summary>Empty where it is deleted.</summary>
    public required ReadOnlySpan<byte> Text { get; init; }

    /// <summary>When it was sent.</summary>
    public required Timestamp Timestamp { get; init; }

    /// <summary>Empty where the sender gave none.</summary>
    public ReadOnlySpan<byte> ClientMessageId { get; init; }

    /// <summary>The <c>seq</c> of the last entry that changed it; its own while none has.</summary>
    public long Version
    {
        get => _version == 0 ? Seq : _version;
        init => _version = value;
    }

    /// <summary>The <c>seq</c> of the entry that gave it this text; 0 where it is the first.</summary>
    public long TextVersion { get; init; }

    /// <summary>When it got this text; means nothing where <see cref="TextVersion"/> is 0.</summary>
    public Timestamp EditedAt { get; init; }

    /// <summary>Who deleted it; empty for a message that is not deleted.</summary>
    public ReadOnlySpan<byte> DeletedBy { get; init; }

    /// <summary>When it was deleted; means nothing for a message that is not.</summary>
    public Timestamp DeletedAt { get; init; }

    public bool IsDeleted => !DeletedBy.IsEmpty;

    /// <summary><c>chat_message</c>, the message object.</summary>
    public void WriteTo(FrameWriter writer) => WriteTo(writer, "}"u8);

    /// <summary>The answer to a send over HTTP: the message, and whether it was stored before.</summary>
    public void WriteTo(FrameWriter writer, bool duplicate) =>
        WriteTo(writer, duplicate ? ",\"duplicate\":true}"u8 : ",\"duplicate\":false}"u8);

    /// <param name="end">What follows its fields.</param>
    internal void WriteTo(FrameWriter writer, ReadOnlySpan<byte> end)
    {
        var text = writer.Escape(Text);
        var line = writer.Line(
            LongestFixedPart + Room.Length + Username.Length + text.Length + ClientMessageId.Length + DeletedBy.Length + end.Length);
        line.Put("{\"type\":\"chat_message\",\"room\":\""u8);
        line.Put(Room);
        line.Put("\",\"seq\":"u8);
        line.Put(Seq);
        line.Put(",\"username\":\""u8);
        line.Put(Username);
        if (!IsDeleted)
        {
            line.Put("\",\"message\":\""u8);
            line.Put(text);
        }

        line.Put("\",\"timestamp\":\""u8);
        line.Put(Timestamp);
        if (!ClientMessageId.IsEmpty)
        {
            line.Put("\",\"client_msg_id\":\""u8);
            line.Put(ClientMessageId);
        }

        line.Put("\",\"version\":"u8);
        line.Put(Version);
        if (IsDeleted)
        {
            line.Put(",\"deleted\":{\"at\":\""u8);
            line.Put(DeletedAt);
            line.Put("\",\"by\":\""u8);
            line.Put(DeletedBy);
            line.Put("\"}"u8);
        }
        else if (TextVersion > 0)
        {
            line.Put(",\"text_version\":"u8);
            line.Put(TextVersion);
            line.Put(",\"edited_at\":\""u8);
            line.Put(EditedAt);
            line.Put("\""u8);
        }

        line.Put(end);
        line.End();
    }
}
