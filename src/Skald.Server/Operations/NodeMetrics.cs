using System.Diagnostics.Metrics;

namespace Skald.Server.Operations;

/// <summary>What the process as a whole tells: whether it is ready, and how long work waits for a thread.</summary>
internal sealed class NodeMetrics : NodeLoop
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _clock;
    private readonly Histogram<double> _delay;

    public NodeMetrics(Telemetry telemetry, Readiness readiness, TimeProvider clock)
    {
        _clock = clock;
        telemetry.Meter.CreateObservableGauge(
            "skald.ready", () => readiness.NotReadyBecause is null ? 1 : 0,
                description: "1 while this node should be sent traffic, 0 while it starts or drains or its storage has failed.");
        _delay = telemetry.Meter.CreateHistogram(
            "skald.thread_pool.delay",
            "s",
            "How late work of the thread pool runs, asked once a second: timers wait in the same queue as requests and reads.",
            advice: new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
            });
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            var asked = _clock.GetTimestamp();
            await Task.Delay(Interval, _clock, stoppingToken);
            _delay.Record(Math.Max(0, (_clock.GetElapsedTime(asked) - Interval).TotalSeconds));
        }
    }
}
