using Skald.Server.Settings;

namespace Skald.Server.Database;

/// <summary>Wiring. Needs an <see cref="IDatabase"/> from an engine.</summary>
internal static class DatabaseSetup
{
    public static void AddDatabase(this IServiceCollection services, IConfiguration configuration) =>
        services.AddSettings<DataOptions>(configuration);
}
