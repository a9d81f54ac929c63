namespace Skald.Protocol;

/// <summary><c>ready</c>: who the client is, and what the server allows it.</summary>
public readonly record struct ReadyFrame(
    FrameId Re, long UserId, string Username, string Epoch, TimeSpan PingInterval, ProtocolLimits Limits) : IServerFrame
{
    public void WriteTo(FrameWriter writer)
    {
        writer.Start("ready"u8, Re);
        var json = writer.Json;
        json.WriteStartObject("user"u8);
        json.WriteNumber("id"u8, UserId);
        json.WriteString("username"u8, Username);
        json.WriteEndObject();
        json.WriteString("epoch"u8, Epoch);
        json.WriteNumber("ping_interval"u8, (long)PingInterval.TotalMilliseconds);
        json.WriteStartObject("limits"u8);
        json.WriteNumber("message_code_points"u8, Limits.MessageCodePoints);
        json.WriteNumber("message_bytes"u8, Limits.MessageBytes);
        json.WriteNumber("frame_bytes"u8, Limits.FrameBytes);
        json.WriteNumber("rooms"u8, Limits.Rooms);
        json.WriteNumber("signal_bytes"u8, Limits.SignalBytes);
        json.WriteEndObject();
        writer.End();
    }
}
