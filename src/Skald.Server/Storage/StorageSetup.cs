using Skald.Server.Database;
using Skald.Server.History;
using Skald.Server.Storage.Sqlite;

namespace Skald.Server.Storage;

internal static class StorageSetup
{
    public static void AddStorage(this IServiceCollection services)
    {
        services.AddSingleton(_ => SqliteFile.Library);
        services.AddSingleton<SqliteDatabase>();
        services.AddSingleton<SqliteErasure>();
        services.AddSingleton<IDatabase>(provider => provider.GetRequiredService<SqliteDatabase>());
        services.AddSingleton<IMessageStore, SqliteMessageStore>();
        services.AddSingleton<IFollowedLog, SqliteFollowedLog>();
        services.AddSingleton<LogFollower, ErasureJournal>();
    }
}
