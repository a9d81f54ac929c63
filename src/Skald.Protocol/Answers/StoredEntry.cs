namespace Skald.Protocol;

/// <summary>What a command about the log has come to, for its sender.</summary>
/// <param name="Seq">The entry that is stored; where nothing changed, the one that made the message what it is.</param>
/// <param name="Timestamp">When it was stored.</param>
/// <param name="Target">The message it is about; 0 for a message itself.</param>
/// <param name="Duplicate">Stored before, under the same client_msg_id.</param>
/// <param name="Unchanged">The message was so already, and nothing was stored.</param>
/// <param name="Text">The text that is kept, of a duplicate message; null for all else.</param>
public readonly record struct StoredEntry(
    string Room, long Seq, Timestamp Timestamp, long Target, bool Duplicate, bool Unchanged, byte[]? Text)
{
    /// <summary>The answer to an edit or a delete over HTTP: an <c>ack</c> without what belongs to sockets.</summary>
    public void WriteTo(FrameWriter writer)
    {
        writer.Json.WriteStartObject();
        WriteFields(writer);
        writer.End();
    }

    internal void WriteFields(FrameWriter writer)
    {
        var json = writer.Json;
        json.WriteString("room"u8, Room);
        json.WriteNumber("seq"u8, Seq);
        writer.WriteTimestamp(Timestamp);
        if (Target > 0)
            json.WriteNumber("target"u8, Target);
        json.WriteBoolean("duplicate"u8, Duplicate);
        if (Unchanged)
            json.WriteBoolean("unchanged"u8, true);
        if (Text is { } text)
            writer.WriteText(text);
    }
}
