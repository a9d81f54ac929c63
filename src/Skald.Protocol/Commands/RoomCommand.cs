namespace Skald.Protocol;

/// <summary><c>room</c>: change what a room is. What is not given stays.</summary>
/// <param name="Changes">What is given.</param>
/// <param name="IfVersion">The room's <c>version</c> that the client has seen: of another one the change is refused.</param>
public sealed record RoomCommand(FrameId Id, string Room, RoomFields Changes, long? IfVersion, string? ClientMessageId)
    : EntryCommand(Id, Room, ClientMessageId)
{
    private static readonly ChatError Nothing = new(
        ErrorCode.BadRequest, "Nothing is to be changed: give \"title\", \"topic\", \"data\", \"visibility\", \"history\" or \"roles\".");

    public override EntryKind Kind => EntryKind.Room;

    /// <summary>Reads what came over HTTP.</summary>
    /// <param name="body">Any bytes.</param>
    /// <param name="error">Why there is no command.</param>
    public static RoomCommand? ReadBody(ReadOnlySpan<byte> body, string room, ProtocolLimits limits, out ChatError? error)
    {
        var fields = FrameFields.OfBody(body, limits);
        var command = fields.Error is null ? From(ref fields, room) : null;
        error = fields.Error;
        return error is null ? command : null;
    }

    internal static RoomCommand From(ref FrameFields fields) => From(ref fields, fields.RequiredRoom());

    private static RoomCommand From(ref FrameFields fields, string room)
    {
        var changes = RoomFields.From(ref fields);
        if (changes.IsEmpty)
            fields.Refuse(Nothing);
        return new(fields.Id, room, changes, fields.OptionalSeq("if_version"u8, from: 0), fields.OptionalClientMessageId());
    }
}
