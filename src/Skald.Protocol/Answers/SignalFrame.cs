namespace Skald.Protocol;

/// <summary><c>signal</c>: what somebody told those who are in the room. It has no <c>seq</c> and moves no cursor.</summary>
/// <param name="Data">A JSON object that has been read once; null where the sender gave none.</param>
public readonly record struct SignalFrame(string Room, long UserId, string Username, string Event, byte[]? Data) : IServerFrame
{
    public void WriteTo(FrameWriter writer)
    {
        writer.Start("signal"u8, re: default);
        var json = writer.Json;
        json.WriteString("room"u8, Room);
        json.WriteNumber("user_id"u8, UserId);
        json.WriteString("username"u8, Username);
        json.WriteString("event"u8, Event);
        if (Data is { } data)
        {
            json.WritePropertyName("data"u8);
            json.WriteRawValue(data, skipInputValidation: true);
        }

        writer.End();
    }
}
