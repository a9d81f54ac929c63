using Skald.Server.Limits;

namespace Skald.Server.History;

internal static class HistorySetup
{
    public static void AddHistory(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddLimits<LogLimits>(configuration);
        services.AddSingleton<LogMetrics>();
        services.AddSingleton<NodeCursor>();
        services.AddSingleton<RoomLog>();
        services.AddSingleton<LogRules>();
        services.AddSingleton<MayWrite>();
        services.AddSingleton<EntryRates>();
    }
}
