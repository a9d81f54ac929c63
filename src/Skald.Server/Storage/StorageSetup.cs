using Microsoft.Extensions.Options;
using Skald.Server.Accounts.Passwords;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Cluster;
using Skald.Server.Database;
using Skald.Server.History;
using Skald.Server.Identity;
using Skald.Server.Settings;
using Skald.Server.Storage.Postgres;
using Skald.Server.Storage.Sqlite;

namespace Skald.Server.Storage;

internal static class StorageSetup
{
    public static void AddStorage(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<StorageOptions>(configuration);
        if (StorageOptions.IsPostgres(configuration))
            AddPostgres(services, configuration);
        else
            AddSqlite(services);
    }

    private static void AddSqlite(IServiceCollection services)
    {
        services.AddSingleton(_ => SqliteFile.Library);
        services.AddSingleton<SqliteDatabase>();
        services.AddSingleton<SqliteErasure>();
        services.AddSingleton<IDatabase>(provider => provider.GetRequiredService<SqliteDatabase>());
        services.AddSingleton<IMessageStore, SqliteMessageStore>();
        services.AddSingleton<IFollowedLog, SqliteFollowedLog>();
        services.AddSingleton<LogFollower, ErasureJournal>();
        services.AddSingleton<ISocketTickets, MemorySocketTickets>();
        services.AddSingleton<ILoginThrottle, MemoryLoginThrottle>();
    }

    private static void AddPostgres(IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(provider => provider.GetRequiredService<PostgresDatabase>().Library);
        services.AddSingleton(provider => new PostgresServer(provider.GetRequiredService<IOptions<StorageOptions>>().Value.Postgres));
        services.AddSingleton<PostgresDatabase>();
        services.AddSingleton<IDatabase>(provider => provider.GetRequiredService<PostgresDatabase>());
        services.AddSingleton<IMessageStore, PostgresMessageStore>();
        services.AddSingleton<IFollowedLog, PostgresFollowedLog>();
        services.AddSingleton<ISocketTickets, PostgresSocketTickets>();
        services.AddSingleton<ILoginThrottle, PostgresLoginThrottle>();
        services.AddSingleton<RevokedElsewhere>();
        services.AddHostedService<SharedKeys>();
        services.AddHostedService<StandbyCheck>();
        if (!ClusterOptions.IsRedis(configuration))
            services.AddSingleton<IBus, PostgresBus>();
    }
}
