namespace Skald.Server.Delivery;

/// <summary>Where the reading of some of a room's readers ends: with the entry that removed them, exactly.</summary>
/// <param name="Seq">The last entry that they are sent.</param>
/// <param name="Users">Whose; null for everybody's.</param>
/// <param name="Left">The frame that tells them.</param>
internal sealed record RoomExit(long Seq, IReadOnlyList<long>? Users, ReadOnlyMemory<byte> Left)
{
    public bool IsOf(long userId) => Users is null || Users.Contains(userId);
}
