namespace Skald.Protocol;

/// <summary><c>closing</c>: why the server closes the socket, and when to come back where it knows.</summary>
public readonly record struct ClosingFrame(CloseCode Code, TimeSpan? ReconnectAfter) : IServerFrame
{
    public void WriteTo(FrameWriter writer)
    {
        writer.Start("closing"u8, re: default);
        var json = writer.Json;
        json.WriteNumber("code"u8, Code.Number);
        json.WriteString("reason"u8, Code.Reason);
        json.WriteBoolean("reconnect"u8, Code.Reconnect);
        if (ReconnectAfter is { } wait)
            json.WriteNumber("reconnect_after_ms"u8, (long)wait.TotalMilliseconds);
        writer.End();
    }
}
