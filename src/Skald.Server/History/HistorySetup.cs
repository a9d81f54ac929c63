namespace Skald.Server.History;

internal static class HistorySetup
{
    public static void AddHistory(this IServiceCollection services)
    {
        services.AddSingleton<LogMetrics>();
        services.AddSingleton<RoomLog>();
        services.AddSingleton<MayWrite>();
        services.AddSingleton<EntryRates>();
    }
}
