using System.CommandLine;
using Skald.Bench.Clients;
using Skald.Bench.Machine;
using Skald.Bench.Measuring;

namespace Skald.Bench.Scenarios;

/// <summary>A moderate load for as long as <c>--duration</c> says, with people coming and going. What is different at the end?</summary>
internal sealed class Soak(int readers, int perSecond, int visitsPerSecond, int size) : IScenario
{
    private const int Senders = 4;
    private const int Parts = 5;

    public string Name => "soak";

    public string Purpose =>
        "Sends at fixed times into one room while visitors come and go; the first fifth of the time is compared with the last.";

    public IReadOnlyList<Figure> Figures { get; } =
    [
        Figure.DeliveriesPerSecond, Figure.Delivery99First, Figure.Delivery99Last, Figure.Delivery999,
        Figure.ResidentFirst, Figure.Resident, Figure.ServerBusy, Figure.OthersBusy,
    ];

    public IReadOnlyList<Figure> Compared { get; } = [];

    public string? Baseline => null;

    public bool StartsAnew => true;

    public IReadOnlyList<Trial> Trials { get; } =
    [
        new Trial(
            $"{readers:N0} readers, {perSecond:N0} sends/s, {visitsPerSecond} visits/s, {size:N0} B",
            run => RunAsync(run, readers, perSecond, visitsPerSecond, size)),
    ];

    public static Command Command()
    {
        var readers = ScenarioCommand.Number("--readers", "Readers in the room.", 200);
        var perSecond = ScenarioCommand.Number("--rate", "Sends a second.", 200);
        var visits = ScenarioCommand.Number("--visits", "Visitors that come and leave in a second.", 20);
        var size = ScenarioCommand.Number("--size", "Bytes of a text.", 64);
        return ScenarioCommand.Create(
            "soak",
            "A moderate load for as long as --duration says.",
            [readers, perSecond, visits, size],
            parsed => new Soak(parsed.GetValue(readers), parsed.GetValue(perSecond), parsed.GetValue(visits), parsed.GetValue(size)));
    }

    private static async Task<Readings> RunAsync(Run run, int readers, int perSecond, int visitsPerSecond, int size)
    {
        var crowd = await Crowd.EnterAsync(run.Load, run.Target, new CrowdShape(Rooms: 1, readers, Senders, size), run.Cancellation);
        var sending = await crowd.SendAtRateAsync(perSecond);
        var loop = run.Load.Loops[0];
        var room = crowd.Rooms[0].Name;
        var visits = new Visits(Clock.Now, Clock.Second / visitsPerSecond, loop, () => run.Target.RoomPath(room, since: null));
        await loop.PostAsync(() => loop.Add(visits));
        await run.Load.WaitAsync(run.WarmUp, run.Cancellation);

        using var over = CancellationTokenSource.CreateLinkedTokenSource(run.Cancellation);
        var staysFresh = run.Target.Accounts?.KeepFreshAsync(over.Token) ?? Task.CompletedTask;
        var parts = new List<(MeasuredWindow Window, double Resident)>();
        for (var part = 0; part < Parts; part++)
        {
            parts.Add((await MeasuredWindow.TakeAsync(run, run.Duration / Parts), ProcessUsage.Memory(run.Target.ProcessId).Resident));
        }

        await over.CancelAsync();
        await staysFresh;
        visits.IsStopped = true;
        sending.Stop();
        await crowd.SettleAsync(run.Cancellation);
        return new Readings
        {
            [Figure.DeliveriesPerSecond] = parts.Average(part => part.Window.DeliveriesPerSecond),
            [Figure.Delivery99First] = MeasuredWindow.Milliseconds(parts[0].Window.Stats.Delivery, 0.99),
            [Figure.Delivery99Last] = MeasuredWindow.Milliseconds(parts[^1].Window.Stats.Delivery, 0.99),
            [Figure.Delivery999] = parts.Max(part => MeasuredWindow.Milliseconds(part.Window.Stats.Delivery, 0.999)),
            [Figure.ResidentFirst] = parts[0].Resident,
            [Figure.Resident] = parts[^1].Resident,
            [Figure.ServerBusy] = parts.Average(part => part.Window.ServerBusy),
            [Figure.OthersBusy] = parts.Average(part => part.Window.OthersBusy),
        };
    }
}
