using Skald.Protocol;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Identity;

namespace Skald.Server.Rooms;

/// <summary>The one place that says whether somebody may do something with a room, now. Asked by HTTP, join, resume and every send.</summary>
internal sealed class RoomAuthorizer(SessionLifecycle sessions)
{
    private static readonly ChatError SessionEnded = new(ErrorCode.TokenNotValid, "The session has ended; log in again.");

    /// <returns>Null when allowed, else why not.</returns>
    /// <remarks>
    /// Every room is public today: whoever is signed in may enter. It waits for nothing and counts nothing, so that anybody may ask at
    /// any time.
    /// </remarks>
#pragma warning disable IDE0060 // Which room and what for decide as soon as not every room is public; whoever asks says both already.
    public ChatError? Check(CurrentUser user, Room room, RoomAction action) => CheckSession(user);
#pragma warning restore IDE0060

    /// <summary>What is asked whatever the room: also where there is none yet.</summary>
    public ChatError? CheckSession(CurrentUser user) => sessions.IsEnded(user.SessionId) ? SessionEnded : null;
}
