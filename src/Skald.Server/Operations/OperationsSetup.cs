using Microsoft.Extensions.DependencyInjection.Extensions;
using Skald.Server.Settings;

namespace Skald.Server.Operations;

internal static class OperationsSetup
{
    public static void AddOperations(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<MetricsOptions>(configuration);
        services.TryAddSingleton(TimeProvider.System);   // an application may have a clock of its own
        services.AddSingleton<Readiness>();
        services.AddMetrics();
        services.AddSingleton<Telemetry>();
        services.AddSingleton<ILoggerProvider, ErrorCount>();
        services.AddSingleton(Libraries.Cryptography);
        services.AddSingleton<Libraries>();
        services.AddHostedService(provider => provider.GetRequiredService<Libraries>());
        services.AddSingleton<WeakSettings>();
        services.AddHostedService(provider => provider.GetRequiredService<WeakSettings>());
        services.AddSingleton<MetricsListener>();
        services.AddHostedService(provider => provider.GetRequiredService<MetricsListener>());
        services.AddHostedService<NodeMetrics>();
    }
}
