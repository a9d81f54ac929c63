using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;
using Skald.Server.Operations;
using Skald.Server.Rooms;

namespace Skald.Server;

/// <summary>The beginning of a node: the storage opens or refuses, the rooms that are always there are made, the pipeline runs. Then it is ready.</summary>
internal sealed partial class Startup(
    RoomDirectory rooms, MessagePipeline pipeline, Readiness readiness, IOptions<Limits> limits, IServer server, IConfiguration configuration, ILogger<Startup> logger)
    : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await rooms.CreateGlobalAsync();
        pipeline.Start();
        if (!limits.Value.Enabled)
            Log.LimitsOff(logger);
        readiness.Ready();
    }

    /// <remarks>Only now does the web server know its addresses.</remarks>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        var open = server.Features.Get<IServerAddressesFeature>()?.Addresses
            .Where(address => BindingAddress.Parse(address) is { Scheme: "http", Host: not ("localhost" or "127.0.0.1" or "[::1]") }) ?? [];
        if (!TrustedProxies.AreSet(configuration))
        {
            foreach (var address in open)
                Log.OpenWithoutTls(logger, address);
        }

        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static partial class Log
    {
        [LoggerMessage(100, LogLevel.Warning, "Limits:Enabled is false: no rate and no count is limited. For load tests only")]
        public static partial void LimitsOff(ILogger logger);

        [LoggerMessage(101, LogLevel.Warning, "{Address} is open to the network without TLS: passwords and tokens can be read on the way. Put a proxy with TLS before it and set TrustedProxies, or configure Kestrel's certificate")]
        public static partial void OpenWithoutTls(ILogger logger, string address);
    }
}
