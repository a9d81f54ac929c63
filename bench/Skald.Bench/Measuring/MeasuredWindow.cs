using Skald.Bench.Load;
using Skald.Bench.Machine;

namespace Skald.Bench.Measuring;

/// <summary>What happened within a stretch of time while the load ran.</summary>
/// <param name="Seconds">How long it was.</param>
/// <param name="Stats">What the load side saw.</param>
/// <param name="ServerCpu">CPU time of the server's process, or of its nodes', in nanoseconds.</param>
/// <param name="PostgresCpu">CPU time of PostgreSQL's processes, where the target has one, in nanoseconds.</param>
/// <param name="RedisCpu">CPU time of Redis, in nanoseconds; null where the target has none.</param>
/// <param name="LoadCpu">CPU time of this process, in nanoseconds: the loops' idle turning is in it.</param>
/// <param name="MachineCpu">CPU time of everything on the machine, in nanoseconds.</param>
/// <param name="LoadCores">How many cores the load side has.</param>
internal sealed record MeasuredWindow(
    double Seconds, LoadStats Stats, long ServerCpu, long PostgresCpu, long? RedisCpu, long LoadCpu, long MachineCpu, int LoadCores)
{
    public double DeliveriesPerSecond => Stats.Deliveries / Seconds;

    public double ServerBusy => 100.0 * ServerCpu / Clock.Second / Seconds;

    public double LoadBusy => 100.0 * LoadWork / Clock.Second / Seconds / LoadCores;

    public double OthersBusy =>
        Math.Max(0, 100.0 * OthersCpu / Clock.Second / Seconds / Environment.ProcessorCount);

    /// <summary>Lets the load run warm, and then measures.</summary>
    public static async Task<MeasuredWindow> AfterWarmUpAsync(Run run)
    {
        await run.Load.WaitAsync(run.WarmUp, run.Cancellation);
        return await TakeAsync(run, run.Duration);
    }

    public static async Task<MeasuredWindow> TakeAsync(Run run, TimeSpan duration)
    {
        await run.Load.TakeStatsAsync();
        var (server, postgres, redis) = (run.Deployment.NodesCpu, run.Deployment.PostgresCpu, run.Deployment.RedisCpu);
        var load = ProcessUsage.CpuTime(Environment.ProcessId);
        var machine = ProcessUsage.MachineCpuTime();
        var start = Clock.Now;
        await run.Load.WaitAsync(duration, run.Cancellation);
        var stats = await run.Load.TakeStatsAsync();
        return new MeasuredWindow(
            Clock.SecondsSince(start),
            stats,
            run.Deployment.NodesCpu - server,
            run.Deployment.PostgresCpu - postgres,
            run.Deployment.RedisCpu - redis,
            ProcessUsage.CpuTime(Environment.ProcessId) - load,
            ProcessUsage.MachineCpuTime() - machine,
            run.Load.Loops.Count);
    }

    /// <summary>
    /// Adds the latencies of what was sent within the window and came after it. Without them a server that holds messages up would
    /// have the longest waits left out.
    /// </summary>
    public async Task AddLateAsync(Run run)
    {
        var late = await run.Load.TakeStatsAsync();
        Stats.Delivery.Add(late.Delivery);
        Stats.DeliveryElsewhere.Add(late.DeliveryElsewhere);
        Stats.Answer.Add(late.Answer);
    }

    /// <summary>The seven figures that every scenario has which does one thing again and again.</summary>
    /// <param name="perSecond">Names the rate.</param>
    /// <param name="done">How often it was done within the window.</param>
    public Readings ReadingsOf(Figure perSecond, long done) => new()
    {
        [perSecond] = done / Seconds,
        [Figure.ServerCpuEach] = ServerCpuEach(done),
        [Figure.LoadTimeEach] = LoadTimeEach(done),
        [Figure.LoadBusy] = LoadBusy,
        [Figure.OthersBusy] = OthersBusy,
        [Figure.AnswerMedian] = Milliseconds(Stats.Answer, 0.5),
        [Figure.Answer99] = Milliseconds(Stats.Answer, 0.99),
    };

    /// <summary>Server CPU for each of so many things done, in µs.</summary>
    public double ServerCpuEach(long count) => Each(ServerCpu, count);

    /// <summary>Time of the load side for each of so many things done, in µs.</summary>
    public double LoadTimeEach(long count) => Each(LoadWork, count);

    /// <summary>A latency of which so much share stays below, in ms.</summary>
    public static double Milliseconds(LatencyHistogram latencies, double share) => latencies.Percentile(share) / (double)Clock.Millisecond;

    private long OthersCpu => MachineCpu - ServerCpu - PostgresCpu - (RedisCpu ?? 0) - LoadCpu;

    /// <summary>How long the loops had something to do, in nanoseconds.</summary>
    private long LoadWork => Math.Max(0, (long)(Seconds * LoadCores * Clock.Second) - Stats.Idle);

    /// <summary>So much time for each of so many things, in µs.</summary>
    public static double Each(long nanoseconds, long count) => count == 0 ? double.NaN : nanoseconds / 1000.0 / count;
}
