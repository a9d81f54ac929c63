namespace Skald.Protocol;

/// <summary><c>delete</c>: erase a message's text.</summary>
public sealed record DeleteCommand(FrameId Id, string Room, long Target, string? ClientMessageId)
    : ChangeCommand(Id, Room, Target, ClientMessageId)
{
    public override EntryKind Kind => EntryKind.Deleted;

    internal static DeleteCommand From(ref FrameFields fields) =>
        new(fields.Id, fields.RequiredRoom(), RequiredTarget(ref fields), fields.OptionalClientMessageId());
}
