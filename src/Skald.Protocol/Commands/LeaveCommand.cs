namespace Skald.Protocol;

/// <summary><c>leave</c>: leave a room.</summary>
public sealed record LeaveCommand(FrameId Id, string Room) : ClientCommand(Id)
{
    internal static LeaveCommand From(ref FrameFields fields) => new(fields.Id, fields.RequiredRoom());
}
