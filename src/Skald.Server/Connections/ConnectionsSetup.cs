using Skald.Server.Commands;
using Skald.Server.Limits;
using Skald.Server.Settings;

namespace Skald.Server.Connections;

internal static class ConnectionsSetup
{
    public static void AddConnections(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<ConnectionsOptions>(configuration);
        services.AddLimits<ConnectionLimits>(configuration).PostConfigure(limits =>
        {
            if (OpenFiles.ForSockets is { } most && (limits.Connections == 0 || limits.Connections > most))
                limits.Connections = most;
        });
        services.AddSingleton<Admission>();
        services.AddSingleton<ConnectionMetrics>();
        services.AddSingleton<ConnectionRegistry>();
        services.AddSingleton<ConnectionServices>();
        services.AddSingleton<SignIn>();
        services.AddSingleton<RoomEntrance>();
        services.AddCommand<JoinHandler>();
        services.AddCommand<ResumeHandler>();
        services.AddCommand<LeaveHandler>();
        services.AddCommand<PingHandler>();
        services.AddCommand<SignalHandler>();
        services.AddSingleton<FrameDispatcher>();
        services.AddSingleton<RefusedHandshakes>();
        services.AddSingleton<HandshakeCredential>();
        services.AddSingleton<SocketServer>();
        services.AddSingleton<SocketEndpoints>();
        services.AddHostedService<Drain>();
        services.AddSingleton<SessionWatch>();
        services.AddHostedService(provider => provider.GetRequiredService<SessionWatch>());
        services.AddHostedService<Heartbeat>();
    }

    public static void MapConnections(this IEndpointRouteBuilder endpoints) => SocketEndpoints.Map(endpoints);
}
