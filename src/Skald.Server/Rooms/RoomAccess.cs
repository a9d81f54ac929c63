using Skald.Protocol;
using Skald.Server.Database;
using Skald.Server.Identity;

namespace Skald.Server.Rooms;

/// <summary>
/// The one door into a room, for sockets and HTTP alike: finds it, asks whether the user may, and makes it where it is only not used yet.
/// </summary>
/// <remarks>
/// The answers come in this order, so that none tells of a room what its asker may not know: the name cannot be one; the session has
/// ended; there is no such room, whether it is not there or must stay unseen, and then byte for byte the same; it may not be entered for
/// this; too many new rooms.
/// </remarks>
internal sealed class RoomAccess(RoomDirectory rooms, RoomAuthorizer authorizer)
{
    /// <param name="user">Who asks.</param>
    /// <param name="name">The room's name; not checked.</param>
    /// <param name="action">What for. Joining and sending make a room that is not there, where users may; nothing else does.</param>
    /// <returns>The room, or why not: a refusal names the room. At once, but for the first time that this node meets the room.</returns>
    public ValueTask<Outcome<Room>> EnterAsync(CurrentUser user, string name, RoomAction action) =>
        rooms.TryGet(name, out var known) ? new(Checked(user, known, action)) : EnterUnknownAsync(user, name, action);

    private async ValueTask<Outcome<Room>> EnterUnknownAsync(CurrentUser user, string name, RoomAction action)
    {
        if (!RoomName.IsValid(name))
            return RoomName.Refused with { Room = name };
        try
        {
            if (await rooms.FindAsync(name) is { } stored)
                return Checked(user, stored, action);
            if (authorizer.CheckSession(user) is { } ended)
                return ended with { Room = name };
            if (action is not (RoomAction.Join or RoomAction.Send) || !rooms.AutoCreate)
                return RoomDirectory.NoSuchRoom with { Room = name };
            return await rooms.CreateAsync(user, name);
        }
        catch (StorageException e)
        {
            return e.Error with { Room = name };
        }
    }

    private Outcome<Room> Checked(CurrentUser user, Room room, RoomAction action) =>
        authorizer.Check(user, room, action) is { } refusal ? refusal with { Room = room.Name } : room;
}
