namespace Skald.Protocol;

/// <summary><c>signal</c>: tell those who are in the room now; nothing is stored.</summary>
/// <param name="Event">A valid <see cref="SignalEvent"/>.</param>
/// <param name="Data">A JSON object as the client wrote it, or null; owned by the command.</param>
public sealed record SignalCommand(FrameId Id, string Room, string Event, byte[]? Data) : ClientCommand(Id)
{
    internal static SignalCommand From(ref FrameFields fields) =>
        new(fields.Id, fields.RequiredRoom(), ReadEvent(ref fields), ReadData(ref fields));

    private static string ReadEvent(ref FrameFields fields)
    {
        var name = fields.Required("event"u8);
        if (fields.Error is null && !SignalEvent.IsValid(name))
            fields.Refuse(SignalEvent.Refused);
        return name;
    }

    private static byte[]? ReadData(ref FrameFields fields)
    {
        var data = fields.OptionalObject("data"u8);
        if (data?.Length > fields.Limits.SignalBytes)
            fields.Refuse(new ChatError(
                ErrorCode.TooLong, $"The data of a signal may have {fields.Limits.SignalBytes} bytes; send a message instead."));
        return data;
    }
}
