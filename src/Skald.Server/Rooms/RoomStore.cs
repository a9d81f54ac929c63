using System.Data.Common;
using Skald.Protocol;
using Skald.Server.Database;

namespace Skald.Server.Rooms;

/// <summary>Where rooms are kept.</summary>
/// <remarks><c>RoomStoreContract</c> tests this on every engine.</remarks>
internal sealed class RoomStore(IDatabase database, TimeProvider clock)
{
    /// <returns>The room as it is on disk, or null.</returns>
    public Task<Room?> FindAsync(string name) => database.ReadAsync(connection => FindAsync(connection, name));

    /// <summary>Makes the room, or finds it if another call was faster.</summary>
    /// <param name="name">A valid <see cref="RoomName"/>.</param>
    /// <param name="createdBy">The user; null for rooms that are there from the start.</param>
    /// <exception cref="StorageException">Nothing was stored.</exception>
    public Task<Room> CreateAsync(string name, long? createdBy) => database.WriteAsync(async connection =>
    {
        // SQLite's AUTOINCREMENT writes its counter even where nothing is inserted:
        // a start on a full disk must write nothing for rooms that are there.
        if (await FindAsync(connection, name) is { } known)
            return known;
        await connection.ExecuteAsync(
            "INSERT INTO rooms (name, created_by, created_at) VALUES (@name, @by, @at) ON CONFLICT (name) DO NOTHING",
            ("name", name), ("by", createdBy), ("at", Timestamp.From(clock.GetUtcNow()).Microseconds));
        return (await FindAsync(connection, name))!;
    });

    private static Task<Room?> FindAsync(DbConnection connection, string name) => connection.FirstAsync(
        "SELECT id, name, first_seq, last_seq FROM rooms WHERE name = @name",
        row => new Room(row.GetInt64(0), row.GetString(1), row.GetInt64(2), row.GetInt64(3)),
        ("name", name));
}
