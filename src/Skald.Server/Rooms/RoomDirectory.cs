using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.Operations;

namespace Skald.Server.Rooms;

/// <summary>All rooms that this node has met, by name: one <see cref="Room"/> object each.</summary>
internal sealed class RoomDirectory(IRoomStore store, IOptions<RoomsOptions> options, IOptions<Limits> limits, TimeProvider clock)
{
    public static ChatError NoSuchRoom { get; } = new(ErrorCode.RoomNotFound, "There is no room of this name.");

    private readonly ConcurrentDictionary<string, Room> _rooms = new(StringComparer.Ordinal);

    private readonly KeyedRateLimiter<long> _creations = new(
        limits.Value.NewRoomsPerUserPerMinute / 60, burst: limits.Value.NewRoomsPerUserPerMinute, clock);

    /// <summary>Whether a room that is not there is only not used yet.</summary>
    public bool AutoCreate => options.Value.AutoCreate;

    /// <summary>The room, if there is one. From memory, but for the first time.</summary>
    public async ValueTask<Room?> FindAsync(string name)
    {
        if (_rooms.TryGetValue(name, out var known))
            return known;
        return RoomName.IsValid(name) && await store.FindAsync(name) is { } stored ? _rooms.GetOrAdd(name, stored) : null;
    }

    /// <summary>The room for somebody who wants to use it.</summary>
    /// <param name="name">The room's name; not checked.</param>
    /// <param name="make">Whether it is made now where it is not there, if it may be.</param>
    /// <returns>The room, or why there is none.</returns>
    public ValueTask<(Room? Room, ChatError? Error)> EnterAsync(CurrentUser user, string name, bool make = true) =>
        _rooms.TryGetValue(name, out var known) ? new((known, null)) : EnterUnknownAsync(user, name, make);

    /// <summary>Makes the rooms that are there from the start.</summary>
    public async Task CreateGlobalAsync() => _rooms[RoomName.Global] = await store.CreateAsync(RoomName.Global, createdBy: null);

    private async ValueTask<(Room? Room, ChatError? Error)> EnterUnknownAsync(CurrentUser user, string name, bool make)
    {
        if (await FindAsync(name) is { } stored)
            return (stored, null);
        if (!make || !AutoCreate || !RoomName.IsValid(name))
            return (null, NoSuchRoom with { Room = name });
        if (!_creations.TryTake(user.Id, out var wait))
            return (null, new ChatError(ErrorCode.RateLimited, "Too many new rooms; wait before making another.") { Room = name, RetryAfter = wait });
        var created = await store.CreateAsync(name, user.Id);
        return (_rooms.GetOrAdd(name, created), null);
    }
}
