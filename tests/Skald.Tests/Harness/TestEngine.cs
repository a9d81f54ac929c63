using System.Collections.Concurrent;
using Skald.Server.Database;

namespace Skald.Tests.Harness;

/// <summary>
/// The engine of the servers that the tests start: SQLite, or PostgreSQL where <c>SKALD_TEST_ENGINE=postgres</c>. A data directory then
/// stands for a database too, so that a server that is started again finds what the one before has left.
/// </summary>
internal static class TestEngine
{
    private static readonly string Default = Environment.GetEnvironmentVariable("SKALD_TEST_ENGINE") ?? StorageOptions.Sqlite;

    private static readonly ConcurrentDictionary<string, Task<string>> Databases = new(StringComparer.Ordinal);

    public static bool IsPostgres => Default == StorageOptions.PostgreSql;

    /// <param name="data">The server's data directory.</param>
    /// <param name="engine">Null for that of the run.</param>
    public static async Task<KeyValuePair<string, string?>[]> SettingsAsync(string data, string? engine = null)
    {
        if ((engine ?? Default) != StorageOptions.PostgreSql)
            return [];
        var database = await Databases.GetOrAdd(data, _ => SharedPostgres.RentAsync());   // one server at a time is on a directory
        return
        [
            new(StorageOptions.EngineSetting, StorageOptions.PostgreSql),
            new(StorageOptions.PostgresSetting, (await SharedPostgres.GetAsync()).ConnectionString(database)),
        ];
    }

    /// <summary>The directory goes, and no server runs on it.</summary>
    public static async Task ForgetAsync(string data)
    {
        if (Databases.TryRemove(data, out var database))
            await SharedPostgres.ReturnAsync(await database);
    }
}
