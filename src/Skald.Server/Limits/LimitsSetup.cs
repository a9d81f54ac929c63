using Skald.Server.Settings;

namespace Skald.Server.Limits;

internal static class LimitsSetup
{
    public static void AddLimits(this IServiceCollection services, IConfiguration configuration) =>
        services.AddSettings<SkaldLimits>(configuration).PostConfigure(limits =>
        {
            if (!limits.Enabled)
                limits.SwitchOffRatesAndCounts();
            if (OpenFiles.ForSockets is { } most && (limits.Connections == 0 || limits.Connections > most))
                limits.Connections = most;
        });
}
