using Skald.Protocol;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Identity;

namespace Skald.Server.Rooms;

/// <summary>
/// The one place that decides whether a user may do something with a room, now: whether their session lasts, and by
/// <see cref="RoomRules"/>. Asked by HTTP, join, resume and everything that is stored.
/// </summary>
internal sealed class RoomAuthorizer(SessionLifecycle sessions)
{
    private static readonly ChatError SessionEnded = new(ErrorCode.TokenNotValid, "The session has ended; log in again.");

    /// <param name="room">What the room is, as far as this node knows.</param>
    /// <returns>Null when allowed, else why not.</returns>
    /// <remarks>It never waits and counts nothing, so that it may be asked at any time.</remarks>
    public ChatError? Check(CurrentUser user, RoomState room, RoomAction action) =>
        CheckSession(user) ?? RoomRules.Check(room, user, action);

    /// <summary>What is asked whatever the room: also where there is none yet.</summary>
    public ChatError? CheckSession(CurrentUser user) => sessions.IsEnded(user.SessionId) ? SessionEnded : null;
}
