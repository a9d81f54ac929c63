using Skald.Protocol;
using Skald.Server.Rooms;

namespace Skald.Server.History;

/// <summary>The logs of all rooms as one, and how far each <see cref="LogFollower"/> has come in it.</summary>
internal interface IFollowedLog
{
    /// <summary>Whether other nodes append to it too.</summary>
    bool IsShared { get; }

    /// <summary>Reads entries in the order of their commits, and so those of each room in the order of <c>seq</c>.</summary>
    /// <param name="visit">Called for each entry, on a thread of the pool.</param>
    /// <returns>How far it came: <see cref="LogSelection.After"/> where nothing follows.</returns>
    Task<LogPosition> ReadAsync(LogSelection selection, LogVisitor visit);

    /// <returns>The position of the newest entry; 0 where there is none.</returns>
    Task<long> FindEndAsync();

    /// <returns>The position that was kept under this name; 0 where none was.</returns>
    Task<long> FindPositionAsync(string follower);

    /// <summary>Keeps a position durably.</summary>
    /// <exception cref="Database.StorageException">It is not kept.</exception>
    Task KeepPositionAsync(string follower, long position);
}

/// <summary>A place in the whole log. Positions rise in the order of commits, and mean nothing in another epoch.</summary>
/// <param name="Reached">The last entry that was passed, visited or not.</param>
/// <param name="End">The log's newest one.</param>
internal readonly record struct LogPosition(long Reached, long End);

/// <param name="room">Its room, as it is on disk.</param>
/// <param name="position">Its place in the whole log.</param>
/// <param name="entry">Valid during the call.</param>
internal delegate void LogVisitor(Room room, long position, in LogEntry entry);
