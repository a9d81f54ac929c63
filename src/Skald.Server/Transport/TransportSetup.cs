using Microsoft.AspNetCore.Connections;

namespace Skald.Server.Transport;

internal static class TransportSetup
{
    public static void AddTransport(this IServiceCollection services) => services.AddSingleton<IConnectionListenerFactory, SocketListenerFactory>();
}
