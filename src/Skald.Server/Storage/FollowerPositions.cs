using Skald.Server.Database;

namespace Skald.Server.Storage;

/// <summary>The table <c>followers</c>: how far those who read the whole log have come.</summary>
internal static class FollowerPositions
{
    /// <returns>0 for a follower that has none yet.</returns>
    public static Task<long> FindPositionAsync(this IDatabase database, string follower) => database.ReadAsync(connection =>
        connection.FirstAsync("SELECT position FROM followers WHERE name = @name", row => row.GetInt64(0), ("name", follower)));

    public static Task KeepPositionAsync(this IDatabase database, string follower, long position) =>
        database.WriteAsync(connection => connection.ExecuteAsync(
            "INSERT INTO followers (name, position) VALUES (@name, @position) ON CONFLICT (name) DO UPDATE SET position = @position",
            ("name", follower), ("position", position)));
}
