namespace Skald.Protocol;

/// <summary><c>signaled</c>: a signal was passed on. It does not say to whom.</summary>
public readonly record struct SignaledFrame(FrameId Re, string Room) : IServerFrame
{
    public void WriteTo(FrameWriter writer)
    {
        writer.Start("signaled"u8, Re);
        writer.Json.WriteString("room"u8, Room);
        writer.End();
    }
}
