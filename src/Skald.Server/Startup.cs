using Microsoft.Extensions.Options;
using Skald.Server.Operations;
using Skald.Server.Rooms;

namespace Skald.Server;

/// <summary>The beginning of a node: the storage opens or refuses, the rooms that are always there are made, the pipeline runs. Then it is ready.</summary>
internal sealed partial class Startup(
    RoomDirectory rooms, MessagePipeline pipeline, Readiness readiness, IOptions<Limits> limits, ILogger<Startup> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await rooms.CreateGlobalAsync();
        pipeline.Start();
        if (!limits.Value.Enabled)
            Log.LimitsOff(logger);
        readiness.Ready();
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static partial class Log
    {
        [LoggerMessage(100, LogLevel.Warning, "Limits:Enabled is false: no rate and no count is limited. For load tests only")]
        public static partial void LimitsOff(ILogger logger);
    }
}
