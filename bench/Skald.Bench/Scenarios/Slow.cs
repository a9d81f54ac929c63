using System.CommandLine;
using Skald.Bench.Clients;
using Skald.Bench.Load;
using Skald.Bench.Machine;
using Skald.Bench.Measuring;

namespace Skald.Bench.Scenarios;

/// <summary>Some readers stop reading. What do the others notice, and what does it cost in memory?</summary>
internal sealed class Slow(int readers, int stalledPercent, int perSecond, int size) : IScenario
{
    private const int Senders = 4;

    /// <summary>What a stalled client's kernel takes before the server feels it (socket(7) doubles it).</summary>
    private const int SmallReceiveBuffer = 4096;

    /// <summary>How long those that stalled may take to find out that they were cut off.</summary>
    private static readonly TimeSpan ToFindOut = TimeSpan.FromSeconds(1);

    public string Name => "slow";

    public string Purpose =>
        "Sends at fixed times into one room; then some readers stop reading. Latency is that of the healthy ones, before and after.";

    public IReadOnlyList<Figure> Figures { get; } =
    [
        Figure.DeliveriesPerSecond, Figure.DeliveryMedian, Figure.Delivery99Before, Figure.Delivery99, Figure.Delivery99Change,
        Figure.PeakGrowth, Figure.Resident, Figure.ServerBusy, Figure.CutOff, Figure.OthersBusy,
    ];

    public IReadOnlyList<Figure> Compared { get; } = [];

    public string? Baseline => null;

    public IReadOnlyList<Trial> Trials { get; } =
    [
        new Trial(
            $"{readers:N0} readers, {readers * stalledPercent / 100} more that stall, {perSecond:N0} sends/s, {size:N0} B",
            run => RunAsync(run, readers, readers * stalledPercent / 100, perSecond, size)),
    ];

    public static Command Command()
    {
        var readers = ScenarioCommand.Number("--readers", "Healthy readers in the room.", 100);
        var stalled = ScenarioCommand.Number("--stalled", "Readers that stall, in percent of the healthy ones.", 5);
        var perSecond = ScenarioCommand.Number("--rate", "Sends a second.", 1000);
        var size = ScenarioCommand.Number("--size", "Bytes of a text.", 2048);
        return ScenarioCommand.Create(
            "slow",
            "What readers that stop reading do to the others.",
            [readers, stalled, perSecond, size],
            parsed => new Slow(parsed.GetValue(readers), parsed.GetValue(stalled), parsed.GetValue(perSecond), parsed.GetValue(size)));
    }

    private static async Task<Readings> RunAsync(Run run, int readers, int stalled, int perSecond, int size)
    {
        var crowd = await Crowd.EnterAsync(run.Load, run.Target, new CrowdShape(Rooms: 1, readers, Senders, size), run.Cancellation);
        var slow = Enumerable.Range(0, stalled).Select(_ => NewStalled(run, crowd.Rooms[0])).ToList();
        await run.Load.OpenAsync(slow, run.Cancellation);

        var sending = await crowd.SendAtRateAsync(perSecond);
        var healthy = await MeasuredWindow.AfterWarmUpAsync(run);
        ProcessUsage.ForgetPeak(run.Target.ProcessId);
        var before = ProcessUsage.Memory(run.Target.ProcessId);
        await LoadSide.OnLoopsOfAsync(slow, reader => reader.Stall());
        var measured = await MeasuredWindow.TakeAsync(run, run.Duration);
        var peak = ProcessUsage.PeakResident(run.Target.ProcessId);
        sending.Stop();
        await crowd.SettleAsync(run.Cancellation);
        await measured.AddLateAsync(run);

        await LoadSide.OnLoopsOfAsync(slow, reader => reader.Resume());
        await run.Load.WaitAsync(ToFindOut, run.Cancellation);
        return new Readings
        {
            [Figure.DeliveriesPerSecond] = measured.DeliveriesPerSecond,
            [Figure.DeliveryMedian] = MeasuredWindow.Milliseconds(measured.Stats.Delivery, 0.5),
            [Figure.Delivery99Before] = MeasuredWindow.Milliseconds(healthy.Stats.Delivery, 0.99),
            [Figure.Delivery99] = MeasuredWindow.Milliseconds(measured.Stats.Delivery, 0.99),
            [Figure.Delivery99Change] = measured.Stats.Delivery.Percentile(0.99) / (double)healthy.Stats.Delivery.Percentile(0.99),
            [Figure.PeakGrowth] = peak - before.Resident,
            [Figure.Resident] = ProcessUsage.Memory(run.Target.ProcessId).Resident,
            [Figure.ServerBusy] = measured.ServerBusy,
            [Figure.OthersBusy] = measured.OthersBusy,
            [Figure.CutOff] = slow.Count(reader => reader.IsClosed),
        };
    }

    private static RoomMember NewStalled(Run run, Room room) =>
        new(room, run.Target.Target.Dialect!, run.Target.RoomPath(room.Name, since: 0), new OrderCheck(room.Senders))
        {
            MayBeClosed = true,
            ReceiveBuffer = SmallReceiveBuffer,
        };
}
