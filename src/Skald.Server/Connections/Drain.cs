using Microsoft.Extensions.Options;
using Skald.Server.Operations;

namespace Skald.Server.Connections;

/// <summary>
/// The end of a node: no socket is admitted, what was sent is stored and answered, and clients are told when to come back.
/// </summary>
/// <remarks>Runs before Kestrel stops, which would otherwise wait for open sockets.</remarks>
internal sealed partial class Drain(
    Admission admission,
    ConnectionRegistry registry,
    MessagePipeline pipeline,
    Readiness readiness,
    IOptions<ConnectionsOptions> options,
    TimeProvider clock,
    ILogger<Drain> logger) : IHostedLifecycleService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        readiness.Add(NotReadyReasons.Draining);
        admission.Close();
        var started = clock.GetTimestamp();
        Log.Started(logger, registry.Count);
        await StopPipelineAsync();
        registry.Drain(ComeBack);

        // The heartbeat aborts sockets that do not answer the close. A socket that is admitted but not registered yet is closed when it is.
        while (admission.Count > 0 && clock.GetElapsedTime(started) < options.Value.DrainTime)
            await Task.Delay(Pause, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Log.Ended(logger, clock.GetElapsedTime(started), registry.Count);
    }

    /// <summary>Stores and answers what was sent, in half of the time at most: whatever becomes of the log, sockets are told.</summary>
    private async Task StopPipelineAsync()
    {
        try
        {
            await pipeline.StopAsync().WaitAsync(options.Value.DrainTime / 2, clock);
        }
        catch (Exception e)
        {
            Log.NotStopped(logger, e);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private TimeSpan ComeBack() => options.Value.DrainSpread * Random.Shared.NextDouble();

    private static partial class Log
    {
        [LoggerMessage(4030, LogLevel.Information, "Draining {Count} sockets")]
        public static partial void Started(ILogger logger, int count);

        [LoggerMessage(4032, LogLevel.Error, "The log did not end as it should; sockets are closed all the same")]
        public static partial void NotStopped(ILogger logger, Exception cause);

        [LoggerMessage(4031, LogLevel.Information, "Drained in {Elapsed}; {Left} sockets left")]
        public static partial void Ended(ILogger logger, TimeSpan elapsed, int left);
    }
}
