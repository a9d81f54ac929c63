using System.CommandLine;
using Skald.Bench.Clients;
using Skald.Bench.Load;
using Skald.Bench.Machine;
using Skald.Bench.Measuring;

namespace Skald.Bench.Scenarios;

/// <summary>Everyone loses the connection, misses messages, and comes back at once.</summary>
internal sealed class Resume(int clients, int missed, int size) : IScenario
{
    /// <summary>Messages before the loss, so that there is a position to come back to.</summary>
    private const int Before = 10;

    private const int Window = 64;

    public string Name => "resume";

    public string Purpose => "All readers of a room are cut off, miss messages, and come back at once with their positions.";

    public IReadOnlyList<Figure> Figures { get; } =
    [
        Figure.AllCaughtUp, Figure.AnswerMedian, Figure.Answer99, Figure.DeliveriesPerSecond, Figure.ServerCpuEach,
        Figure.PeakGrowth, Figure.Resident,
    ];

    public IReadOnlyList<Figure> Compared { get; } = [Figure.AllCaughtUp, Figure.ServerCpuEach];

    public string? Baseline => null;

    public IReadOnlyList<Trial> Trials { get; } =
    [
        new Trial($"{clients:N0} clients, {missed:N0} missed, {size:N0} B", run => RunAsync(run, clients, missed, size))
        {
            Suits = target => target.IsSkald,
        },
    ];

    public static Command Command()
    {
        var clients = ScenarioCommand.Number("--clients", "Readers that come back.", 1000);
        var missed = ScenarioCommand.Number("--missed", "Messages that each has missed.", 100);
        var size = ScenarioCommand.Number("--size", "Bytes of a text.", 64);
        return ScenarioCommand.Create(
            "resume",
            "How long readers take to catch up after all of them were cut off.",
            [clients, missed, size],
            parsed => new Resume(parsed.GetValue(clients), parsed.GetValue(missed), parsed.GetValue(size)));
    }

    private static async Task<Readings> RunAsync(Run run, int clients, int missed, int size)
    {
        var crowd = await Crowd.ReadersOfAsync(run.Load, run.Target, rooms: 1, clients, placesPerRoom: 1, run.Cancellation);
        var sockets = await CommandSockets.OpenAsync(run.Load, run.Target, crowd.Rooms, size, run.Cancellation);
        await sockets.SendUntilAsync(Before, Window, run.Cancellation);
        await crowd.SettleAsync(run.Cancellation);

        var room = crowd.Rooms[0];
        await LoadSide.OnLoopsOfAsync(room.Readers, reader => reader.Close());
        await sockets.SendUntilAsync((uint)(Before + missed), Window, run.Cancellation);
        await run.Load.WaitAsync(run.WarmUp, run.Cancellation);

        await run.Load.TakeStatsAsync();
        ProcessUsage.ForgetPeak(run.Target.ProcessId);
        var memory = ProcessUsage.Memory(run.Target.ProcessId);
        var (start, cpu) = (Clock.Now, ProcessUsage.CpuTime(run.Target.ProcessId));
        var back = room.Readers.Select(reader => Return(run, room, reader, start, Before + missed)).ToList();
        room.Readers.Clear();
        room.Readers.AddRange(back);
        await run.Load.OpenAsync(back, run.Cancellation);
        await crowd.SettleAsync(run.Cancellation);

        var stats = await run.Load.TakeStatsAsync();
        var allCaughtUp = MeasuredWindow.Milliseconds(stats.Answer, 1);
        return new Readings
        {
            [Figure.AllCaughtUp] = allCaughtUp,
            [Figure.AnswerMedian] = MeasuredWindow.Milliseconds(stats.Answer, 0.5),
            [Figure.Answer99] = MeasuredWindow.Milliseconds(stats.Answer, 0.99),
            [Figure.DeliveriesPerSecond] = stats.Deliveries / (allCaughtUp / 1000),
            [Figure.ServerCpuEach] = (ProcessUsage.CpuTime(run.Target.ProcessId) - cpu) / 1000.0 / stats.Deliveries,
            [Figure.PeakGrowth] = ProcessUsage.PeakResident(run.Target.ProcessId) - memory.Resident,
            [Figure.Resident] = ProcessUsage.Memory(run.Target.ProcessId).Resident,
        };
    }

    private static RoomMember Return(Run run, Room room, RoomMember reader, long wantedAt, int messages) =>
        new(room, run.Target.Target.Dialect!, run.Target.RoomPath(room.Name, reader.Seen.Seq), reader.Seen)
        {
            Return = (wantedAt, messages),
        };
}
