using Microsoft.AspNetCore.Connections;

namespace Skald.Server.Transport;

internal static class TransportSetup
{
    /// <summary>
    /// Takes connections from the system ourselves, where it is Linux. Elsewhere sockets are served over the web server's stream.
    /// </summary>
    public static void AddTransport(this IServiceCollection services)
    {
        if (!OperatingSystem.IsLinux())
            return;
        services.AddSingleton<ConnectionsByAddress>();
        services.AddSingleton<IConnectionListenerFactory, SocketListenerFactory>();
    }
}
