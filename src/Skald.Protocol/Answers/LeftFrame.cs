namespace Skald.Protocol;

/// <summary><c>left</c>: the connection is not in the room, because it asked to leave it or because the user may not read on.</summary>
public readonly record struct LeftFrame(FrameId Re, string Room) : IServerFrame
{
    /// <summary>The entry that ended the reading, which was sent before this; 0 where the client has left by itself.</summary>
    public long Seq { get; init; }

    public void WriteTo(FrameWriter writer)
    {
        writer.Start("left"u8, Re);
        writer.Json.WriteString("room"u8, Room);
        if (Seq > 0)
        {
            writer.Json.WriteNumber("seq"u8, Seq);
            writer.Json.WriteString("reason"u8, "removed"u8);
        }

        writer.End();
    }
}
