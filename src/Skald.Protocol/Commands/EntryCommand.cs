namespace Skald.Protocol;

/// <summary>A command whose outcome is an entry of a room's log.</summary>
/// <param name="Room">A valid <see cref="RoomName"/>; not checked where an address names it: on a room socket, over HTTP.</param>
/// <param name="ClientMessageId">A valid <see cref="Protocol.ClientMessageId"/>, or null.</param>
public abstract record EntryCommand(FrameId Id, string Room, string? ClientMessageId) : ClientCommand(Id)
{
    /// <summary>What the log gets.</summary>
    public abstract EntryKind Kind { get; }
}
