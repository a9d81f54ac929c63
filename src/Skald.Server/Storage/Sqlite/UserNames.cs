using Microsoft.Data.Sqlite;

namespace Skald.Server.Storage.Sqlite;

/// <summary>Names by the users' ids, as UTF-8: a name never changes, and a page of a log asks for few, often.</summary>
/// <remarks>Thread-safe: an entry is one object, and a miss reads the name from the database.</remarks>
internal sealed class UserNames
{
    private const int Size = 1_024;   // a power of two; the longest names make 200 KB

    private readonly Entry?[] _entries = new Entry?[Size];

    public ReadOnlySpan<byte> Find(SqliteConnection connection, long userId)
    {
        ref var entry = ref _entries[userId & (Size - 1)];
        var known = entry;
        if (known?.UserId != userId)
            entry = known = new Entry(userId, Read(connection, userId));
        return known.Name;
    }

    private static byte[] Read(SqliteConnection connection, long userId)
    {
        var select = SqliteStatement.Get(connection, "SELECT username FROM users WHERE id = ?1").Bind(1, userId);
        try
        {
            return select.Step() ? select.Utf8(0).ToArray() : throw new InvalidOperationException($"User {userId} is not in the database.");
        }
        finally
        {
            select.Reset();
        }
    }

    private sealed record Entry(long UserId, byte[] Name);
}
