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
    public async ValueTask<Outcome<EnteredRoom>> EnterAsync(CurrentUser user, string name, RoomAction action)
    {
        if (!(await FindAsync(user, name, action)).TryGet(out var room, out var refusal))
            return refusal;
        try
        {
            var state = room.State ?? await rooms.LearnAsync(room);
            if (authorizer.Check(user, state, action) is null)
                return new EnteredRoom(room, state);
            state = await rooms.LearnNewestAsync(room);
            return authorizer.Check(user, state, action) is { } forbidden
                ? forbidden with { Room = room.Name }
                : new EnteredRoom(room, state);
        }
        catch (StorageException e)
        {
            return e.Error with { Room = name };
        }
    }

    /// <summary>
    /// Finds the room for what is to be stored in it. Whether the user may is asked on its way, since what was stored already is never
    /// refused (P-10).
    /// </summary>
    /// <inheritdoc cref="EnterAsync"/>
    public ValueTask<Outcome<Room>> FindAsync(CurrentUser user, string name, RoomAction action) =>
        rooms.TryGet(name, out var known) ? new(known) : FindUnknownAsync(user, name, action);

    private async ValueTask<Outcome<Room>> FindUnknownAsync(CurrentUser user, string name, RoomAction action)
    {
        if (!RoomName.IsValid(name))
            return RoomName.Refused with { Room = name };
        try
        {
            if (await rooms.FindAsync(name) is { } stored)
                return stored;
            if (authorizer.CheckSession(user) is { } ended)
                return ended with { Room = name };
            if (action is not (RoomAction.Join or RoomAction.Send) || !rooms.AutoCreate || !RoomName.IsFree(name))
                return RoomRules.NoSuchRoom with { Room = name };
            return await rooms.CreateAsync(user, name);
        }
        catch (StorageException e)
        {
            return e.Error with { Room = name };
        }
    }
}

/// <summary>A room that a user may do something with.</summary>
/// <param name="State">What it was by when that was asked.</param>
internal readonly record struct EnteredRoom(Room Room, RoomState State)
{
    /// <summary>The oldest entry that there is for a user.</summary>
    public long FirstSeq(CurrentUser user) => Math.Max(Room.FirstSeq, State.FirstOf(user.Id));
}
