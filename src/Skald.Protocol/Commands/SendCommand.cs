namespace Skald.Protocol;

/// <summary><c>send</c>: store a message.</summary>
/// <param name="Text">UTF-8 that passed <see cref="MessageText.Check"/>; owned by the command.</param>
public sealed record SendCommand(FrameId Id, string Room, byte[] Text, string? ClientMessageId) : EntryCommand(Id, Room, ClientMessageId)
{
    public override EntryKind Kind => EntryKind.Message;

    /// <summary>Reads a frame of the room socket: anything with a <c>message</c> sends it.</summary>
    /// <returns>
    /// Null with no error where there is nothing to send or to see: clients of the Django project, which know no errors, are told nothing.
    /// </returns>
    public static SendCommand? ReadRoomFrame(
        ReadOnlySpan<byte> frame, string room, ProtocolLimits limits, out ChatError? error, out FrameId id)
    {
        var fields = new FrameFields(frame, limits);
        var text = fields.Error is null ? fields.OptionalText() : null;
        var command = text is null || MessageText.IsBlank(text) ? null : From(ref fields, room, fields.RequiredText(text));
        (error, id) = (fields.Error, fields.Id);
        return error is null ? command : null;
    }

    /// <summary>Reads a message that came over HTTP: the room socket's frame, but that a message must be there.</summary>
    /// <param name="body">Any bytes.</param>
    /// <param name="error">Why there is no message.</param>
    public static SendCommand? ReadBody(ReadOnlySpan<byte> body, string room, ProtocolLimits limits, out ChatError? error)
    {
        var fields = FrameFields.OfBody(body, limits);
        var command = fields.Error is null ? From(ref fields, room, fields.RequiredText()) : null;
        error = fields.Error;
        return error is null ? command : null;
    }

    internal static SendCommand From(ref FrameFields fields) => From(ref fields, fields.RequiredRoom(), fields.RequiredText());

    private static SendCommand From(ref FrameFields fields, string room, byte[] text) =>
        new(fields.Id, room, text, fields.OptionalClientMessageId());
}
