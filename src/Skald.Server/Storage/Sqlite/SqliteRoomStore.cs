using Microsoft.Data.Sqlite;
using Skald.Protocol;
using Skald.Server.Rooms;

namespace Skald.Server.Storage.Sqlite;

/// <summary>Rooms in SQLite.</summary>
internal sealed class SqliteRoomStore(SqliteDatabase database, TimeProvider clock) : IRoomStore
{
    public Task<Room?> FindAsync(string name) => database.ReadAsync(connection => Find(connection, name));

    public Task<Room> CreateAsync(string name, long? createdBy) => database.WriteAsync(connection =>
    {
        // AUTOINCREMENT writes its counter even where nothing is inserted, and a start on a full disk finds its rooms there already.
        if (Find(connection, name) is { } known)
            return known;
        using var insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO rooms (name, created_by, created_at) VALUES ($name, $by, $at)";
        insert.Parameters.AddWithValue("$name", name);
        insert.Parameters.AddWithValue("$by", (object?)createdBy ?? DBNull.Value);
        insert.Parameters.AddWithValue("$at", Timestamp.From(clock.GetUtcNow()).Microseconds);
        insert.ExecuteNonQuery();
        return Find(connection, name)!;
    });

    private static Room? Find(SqliteConnection connection, string name)
    {
        using var select = connection.CreateCommand();
        select.CommandText = "SELECT id, name, first_seq, last_seq FROM rooms WHERE name = $name";
        select.Parameters.AddWithValue("$name", name);
        using var row = select.ExecuteReader();
        return row.Read() ? new Room(row.GetInt64(0), row.GetString(1), row.GetInt64(2), row.GetInt64(3)) : null;
    }
}
