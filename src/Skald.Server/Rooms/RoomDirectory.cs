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
    public static ChatError NoSuchRoom { get; } = new(ErrorCode.RoomNotFound, "There is no room of this name.");

    private static readonly ChatError TooManyNew = new(ErrorCode.RateLimited, "Too many new rooms; wait before making another.");

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
        return RoomName.IsValid(name) && await store.FindAsync(name) is { } stored ? Met(stored) : null;
    }

    /// <summary>The room that was just read from disk: this node's object of it, which it becomes where there is none.</summary>
    /// <remarks>
    /// Whoever reads that a room has grown tells this object. So does not get lost what was stored after <see cref="FindAsync"/> has
    /// read the room, and before it is to be found here.
    /// </remarks>
    public Room Met(Room stored) => _rooms.GetOrAdd(stored.Name, stored);

    /// <summary>A room that this node has met before.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out Room? room) => _rooms.TryGetValue(name, out room);

    /// <summary>Makes a room for a user, who may make so many a minute.</summary>
    /// <param name="name">A valid <see cref="RoomName"/>.</param>
    public async Task<Outcome<Room>> CreateAsync(CurrentUser user, string name)
    {
        if (!_creations.TryTake(user.Id, out var wait))
            return TooManyNew with { Room = name, RetryAfter = wait };
        return Met(await store.CreateAsync(name, user.Id));
    }

    /// <summary>Makes the rooms that are there from the start.</summary>
    public async Task CreateGlobalAsync() => Met(await store.CreateAsync(RoomName.Global, createdBy: null));
}
