namespace Skald.Protocol;

/// <summary><c>ack</c>: what a command about the log has come to is on disk.</summary>
public readonly record struct AckFrame(FrameId Re, StoredEntry Stored) : IServerFrame
{
    public void WriteTo(FrameWriter writer)
    {
        writer.Start("ack"u8, Re);
        Stored.WriteFields(writer);
        writer.End();
    }
}
