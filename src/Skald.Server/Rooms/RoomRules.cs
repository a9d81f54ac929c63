using Skald.Protocol;
using Skald.Server.Identity;

namespace Skald.Server.Rooms;

/// <summary>
/// The rules by which it is decided whether a user may do something with a room: the first that does not hold is why not. What decides
/// explains.
/// </summary>
/// <remarks>
/// Asked twice of whatever is to be stored: when it comes, which is the fast refusal; and at its place in the log, which binds.
/// </remarks>
internal static class RoomRules
{
    public static ChatError NoSuchRoom { get; } = new(ErrorCode.RoomNotFound, "There is no room of this name.");

    public static ChatError NotMember { get; } = new(
        ErrorCode.Forbidden, "You are not in this room any more; ask a moderator of it to add you again.");

    /// <summary>In their order.</summary>
    private static readonly RoomRule[] Order = Enum.GetValues<RoomRule>();

    /// <returns>Null where the user may, else why not: without the room's name.</returns>
    public static ChatError? Check(RoomState room, CurrentUser user, RoomAction action)
    {
        foreach (var rule in Order)
        {
            if (!Holds(rule, room, user.Id, action))
                return Refusal(rule, room, action);
        }

        return null;
    }

    /// <summary>Whether a user may know that there is such a room.</summary>
    public static bool MayKnow(RoomState room, CurrentUser user) => Holds(RoomRule.Visible, room, user.Id, RoomAction.Read);

    /// <summary>Every rule, as far as they are asked: none is behind the first that does not hold.</summary>
    public static IEnumerable<(RoomRule Rule, bool Holds)> Explain(RoomState room, long userId, RoomAction action)
    {
        foreach (var rule in Order)
        {
            var holds = Holds(rule, room, userId, action);
            yield return (rule, holds);
            if (!holds)
                break;
        }
    }

    private static bool Holds(RoomRule rule, RoomState room, long userId, RoomAction action) => rule switch
    {
        RoomRule.Visible => !room.IsPrivate || room.Find(userId) is not null,
        RoomRule.Member => !room.IsPrivate || room.RoleOf(userId) is not null,
        _ => room.RoleOf(userId) >= room.LeastRole(action),
    };

    private static ChatError Refusal(RoomRule rule, RoomState room, RoomAction action) => rule switch
    {
        RoomRule.Visible => NoSuchRoom,
        RoomRule.Member => NotMember,
        _ => new(ErrorCode.Forbidden, $"For this ({WireName.Of(action)}) one must be {WireName.Of(room.LeastRole(action))} here."),
    };
}

/// <summary>A rule. Their order is the order in which they are asked.</summary>
internal enum RoomRule
{
    /// <summary>The user may know that there is such a room: it is public, or they are or were in it.</summary>
    Visible,

    /// <summary>They are in it, where it is private.</summary>
    Member,

    /// <summary>Their role is at least the action's.</summary>
    Role,
}
