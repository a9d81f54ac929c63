using Skald.Protocol;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Identity;

namespace Skald.Server.Rooms;

/// <summary>
/// The one place that decides whether a user may do something with a room, now. Asked by HTTP, join, resume and every send.
/// </summary>
internal sealed class RoomAuthorizer(SessionLifecycle sessions)
{
    private static readonly ChatError SessionEnded = new(ErrorCode.TokenNotValid, "The session has ended; log in again.");

    /// <returns>Null when allowed, else why not.</returns>
    /// <remarks>
    /// Every room is public today: each user may enter. It never waits and counts nothing, so that it may be asked at any time.
    /// </remarks>
#pragma warning disable IDE0060 // Room and action decide as soon as not every room is public; callers pass both already.
    public ChatError? Check(CurrentUser user, Room room, RoomAction action) => CheckSession(user);
#pragma warning restore IDE0060

    /// <summary>What is asked whatever the room: also where there is none yet.</summary>
    public ChatError? CheckSession(CurrentUser user) => sessions.IsEnded(user.SessionId) ? SessionEnded : null;
}
