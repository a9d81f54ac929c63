namespace Skald.Protocol;

/// <summary><c>error</c>: a command, or a room of it, is refused.</summary>
public readonly record struct ErrorFrame(FrameId Re, ChatError Error) : IServerFrame
{
    public void WriteTo(FrameWriter writer)
    {
        writer.Start("error"u8, Re);
        var json = writer.Json;
        if (Error.Room is { } room)
            json.WriteString("room"u8, room);
        json.WriteString("code"u8, Error.Code.Name);
        json.WriteString("detail"u8, Error.Detail);
        json.WriteBoolean("retryable"u8, Error.Code.Retryable);
        if (Error.RetryAfter is { } wait)
            json.WriteNumber("retry_after_ms"u8, (long)Math.Ceiling(wait.TotalMilliseconds));
        if (Error.Now is { } now)
        {
            json.WritePropertyName("now"u8);
            json.WriteRawValue(now, skipInputValidation: true);
        }

        writer.End();
    }
}
