namespace Skald.Protocol;

/// <summary><c>join</c>: enter a room.</summary>
/// <param name="Room">A valid <see cref="RoomName"/>.</param>
/// <param name="Since">The last <c>seq</c> the client has, from 0; null for live messages only.</param>
/// <param name="Epoch">The log that <paramref name="Since"/> belongs to; null where the client does not say.</param>
public sealed record JoinCommand(FrameId Id, string Room, long? Since, string? Epoch) : ClientCommand(Id)
{
    internal static JoinCommand From(ref FrameFields fields) =>
        new(fields.Id, fields.RequiredRoom(), fields.OptionalSeq("since"u8, from: 0), fields.Optional("epoch"u8));
}
