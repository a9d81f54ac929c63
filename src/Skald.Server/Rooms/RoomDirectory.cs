using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Identity;
using Skald.Server.Limits;

namespace Skald.Server.Rooms;

/// <summary>All rooms that this node has met, by name: one <see cref="Room"/> object each.</summary>
internal sealed class RoomDirectory(RoomStore store, IOptions<RoomsOptions> options, IOptions<RoomLimits> limits, TimeProvider clock)
{
    public static ChatError TooManyNew { get; } = new(ErrorCode.RateLimited, "Too many new rooms; wait before making another.");

    public static ChatError Taken { get; } = new(ErrorCode.RoomExists, "A room of this name is there already: choose another.");

    private readonly ConcurrentDictionary<string, Room> _rooms = new(StringComparer.Ordinal);

    private readonly KeyedRateLimiter<long> _creations = new(
        limits.Value.NewRoomsPerUserPerMinute / 60, burst: limits.Value.NewRoomsPerUserPerMinute, clock);

    /// <summary>Whether a room that is not there is only not used yet.</summary>
    public bool AutoCreate => options.Value.AutoCreate;

    /// <summary>The room, if there is one, with its state. From memory, but for the first time.</summary>
    public async ValueTask<Room?> FindAsync(string name)
    {
        if (!_rooms.TryGetValue(name, out var room))
        {
            if (!RoomName.IsValid(name) || await store.FindAsync(name) is not { } stored)
                return null;
            room = Met(stored);
        }

        await LearnAsync(room);
        return room;
    }

    /// <summary>Reads the state of a room where it is not known.</summary>
    public async ValueTask<RoomState> LearnAsync(Room room)
    {
        while (true)
        {
            if (room.State is { } state)
                return state;
            room.Become(await store.ReadStateAsync(room.Id));
        }
    }

    /// <summary>The state as it is on disk: before somebody is refused for what this node knows, which another may have changed.</summary>
    public async ValueTask<RoomState> LearnNewestAsync(Room room)
    {
        room.Outdate(await store.ReadVersionAsync(room.Id));
        return await LearnAsync(room);
    }

    /// <summary>The room that was just read from disk: this node's object of it, which it becomes where there is none.</summary>
    /// <remarks>
    /// Whoever reads that a room has grown tells this object. So does not get lost what was stored after <see cref="FindAsync"/> has
    /// read the room, and before it is to be found here.
    /// </remarks>
    public Room Met(Room stored)
    {
        var room = _rooms.GetOrAdd(stored.Name, stored);
        room.Outdate(stored.Version);
        if (stored.State is { } state)
            room.Become(state);
        return room;
    }

    /// <summary>A room that this node has met before, and knows the state of.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out Room? room) => _rooms.TryGetValue(name, out room) && room.State is not null;

    /// <summary>Makes a room that a user has come to first, who may make so many a minute.</summary>
    /// <param name="name">A name that a user may give: <see cref="RoomName.IsFree"/>.</param>
    public async Task<Outcome<Room>> CreateAsync(CurrentUser user, string name)
    {
        if (!_creations.TryTake(user.Id, out var wait))
            return TooManyNew with { Room = name, RetryAfter = wait };
        var room = Met(await store.CreateAsync(name, user.Id));
        await LearnAsync(room);
        return room;
    }

    /// <summary>Makes a room of a user's own.</summary>
    /// <param name="name">As of the other; null for a name of the server's.</param>
    /// <param name="state">What it is.</param>
    /// <param name="clientMessageId">The user's own name for the call: repeated, it finds the room.</param>
    /// <returns>The room, and whether it is new.</returns>
    public async Task<Outcome<(Room Room, bool IsNew)>> CreateAsync(
        CurrentUser user, string? name, RoomState state, string? clientMessageId)
    {
        if (!_creations.TryTake(user.Id, out var wait))
            return TooManyNew with { RetryAfter = wait };
        var most = limits.Value.RoomsOwned;
        if (most > 0 && await store.CountOwnedAsync(user.Id) >= most)
            return new ChatError(ErrorCode.TooManyRooms, $"You own {most} rooms, as many as one may (Limits:RoomsOwned).");
        if (await store.CreateAsync(name ?? RoomName.NewPrivate(), state, user.Id, clientMessageId) is not { } made)
            return Taken with { Room = name };
        var room = Met(made.Room);
        await LearnAsync(room);
        return (room, made.IsNew);
    }

    /// <summary>Makes the rooms that are there from the start.</summary>
    public async Task CreateGlobalAsync() => Met(await store.CreateAsync(RoomName.Global, createdBy: null));
}
