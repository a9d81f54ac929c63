namespace Skald.Protocol;

/// <summary><c>left</c>: the connection is not in the room.</summary>
public readonly record struct LeftFrame(FrameId Re, string Room) : IServerFrame
{
    public void WriteTo(FrameWriter writer)
    {
        writer.Start("left"u8, Re);
        writer.Json.WriteString("room"u8, Room);
        writer.End();
    }
}
