using Skald.Protocol;

namespace Skald.Server.Rooms;

/// <summary>Somebody in a room, or who was: an interval of its log.</summary>
/// <param name="From">The first entry that may be read.</param>
/// <param name="Until">The entry that ended it; null while it lasts. After it nothing is read, nor what was readable before.</param>
internal sealed record Member(long UserId, string Username, Role Role, long From, long? Until)
{
    public bool IsActive => Until is null;
}
