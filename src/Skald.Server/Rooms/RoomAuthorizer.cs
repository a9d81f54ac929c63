using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.Operations;

namespace Skald.Server.Rooms;

/// <summary>The one place that says whether somebody may do something with a room, now. Asked by HTTP, join, resume and every send.</summary>
internal sealed class RoomAuthorizer(Sessions sessions, IOptions<Limits> limits, TimeProvider clock)
{
    private static readonly ChatError SessionEnded = new(ErrorCode.TokenNotValid, "The session has ended; log in again.");

    private readonly KeyedRateLimiter<long> _byUser = new(limits.Value.MessagesPerUser, burst: 2 * limits.Value.MessagesPerUser, clock);
    private readonly KeyedRateLimiter<long> _byRoom = new(limits.Value.MessagesPerRoom, burst: 2 * limits.Value.MessagesPerRoom, clock);

    /// <returns>Null when allowed, else why not. An allowed send has been counted against the rates of its user and room.</returns>
    /// <remarks>Every room is public today: whoever is signed in may enter. It waits for nothing, so that a read loop may ask.</remarks>
    public ChatError? Check(CurrentUser user, Room room, RoomAction action)
    {
        if (sessions.IsEnded(user.SessionId))
            return SessionEnded;
        if (action == RoomAction.Send)
        {
            if (!_byUser.TryTake(user.Id, out var wait))
                return Limited("You send", wait, room);
            if (!_byRoom.TryTake(room.Id, out wait))
                return Limited("Everybody together sends", wait, room);
        }

        return null;
    }

    private static ChatError Limited(string who, TimeSpan wait, Room room) =>
        new(ErrorCode.RateLimited, $"{who} too many messages; wait {Math.Ceiling(wait.TotalMilliseconds)} ms.") { Room = room.Name, RetryAfter = wait };
}
