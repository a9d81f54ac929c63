namespace Skald.Server.Rooms;

/// <summary>Where rooms are kept.</summary>
internal interface IRoomStore
{
    /// <returns>The room as it is on disk, or null.</returns>
    Task<Room?> FindAsync(string name);

    /// <summary>Makes the room, or finds it if somebody was faster.</summary>
    /// <param name="name">A valid <see cref="Protocol.RoomName"/>.</param>
    /// <param name="createdBy">The user; null for rooms that are there from the start.</param>
    /// <exception cref="Operations.StorageException">Nothing was stored.</exception>
    Task<Room> CreateAsync(string name, long? createdBy);
}
