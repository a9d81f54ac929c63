using Microsoft.AspNetCore.Connections;
using Skald.Server.Limits;

namespace Skald.Server.Transport;

internal static class TransportSetup
{
    /// <summary>
    /// On Linux replaces Kestrel's own transport by ours. Elsewhere WebSockets are served over Kestrel's stream.
    /// </summary>
    public static void AddTransport(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddLimits<TransportLimits>(configuration);
        if (!OperatingSystem.IsLinux())
            return;
        services.AddSingleton<ConnectionsByAddress>();
        services.AddSingleton<IConnectionListenerFactory, SocketListenerFactory>();
    }
}
