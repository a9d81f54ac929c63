namespace Skald.Protocol;

/// <summary><c>pong</c>: somebody is there.</summary>
public readonly record struct PongFrame(FrameId Re) : IServerFrame
{
    public void WriteTo(FrameWriter writer)
    {
        writer.Start("pong"u8, Re);
        writer.End();
    }
}
