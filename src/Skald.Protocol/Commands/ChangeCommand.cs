namespace Skald.Protocol;

/// <summary>A command about one message.</summary>
/// <param name="Target">The message's <c>seq</c>, from 1.</param>
public abstract record ChangeCommand(FrameId Id, string Room, long Target, string? ClientMessageId)
    : EntryCommand(Id, Room, ClientMessageId)
{
    private protected static long RequiredTarget(ref FrameFields fields) => fields.RequiredSeq("seq"u8, "a message's number");
}
