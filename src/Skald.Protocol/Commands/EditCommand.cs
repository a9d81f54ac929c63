namespace Skald.Protocol;

/// <summary><c>edit</c>: give a message another text.</summary>
/// <param name="Text">As of <see cref="SendCommand"/>.</param>
/// <param name="IfVersion">
/// The <c>text_version</c> that the client has seen: of another one the edit is refused. Null where it does not matter.
/// </param>
public sealed record EditCommand(FrameId Id, string Room, long Target, byte[] Text, long? IfVersion, string? ClientMessageId)
    : ChangeCommand(Id, Room, Target, ClientMessageId)
{
    public override EntryKind Kind => EntryKind.Edited;

    /// <summary>Reads another text for a message, that came over HTTP.</summary>
    /// <param name="body">Any bytes.</param>
    /// <param name="target">The message's <c>seq</c>, of the address.</param>
    /// <param name="error">Why there is no edit.</param>
    public static EditCommand? ReadBody(
        ReadOnlySpan<byte> body, string room, long target, ProtocolLimits limits, out ChatError? error)
    {
        var fields = FrameFields.OfBody(body, limits);
        var command = fields.Error is null ? From(ref fields, room, target) : null;
        error = fields.Error;
        return error is null ? command : null;
    }

    internal static EditCommand From(ref FrameFields fields) => From(ref fields, fields.RequiredRoom(), RequiredTarget(ref fields));

    private static EditCommand From(ref FrameFields fields, string room, long target) =>
        new(fields.Id, room, target, fields.RequiredText(), fields.OptionalSeq("if_version"u8, from: 1), fields.OptionalClientMessageId());
}
