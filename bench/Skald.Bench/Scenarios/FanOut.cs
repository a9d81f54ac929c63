using System.CommandLine;
using Skald.Bench.Clients;
using Skald.Bench.Measuring;

namespace Skald.Bench.Scenarios;

/// <summary>One room: how many copies a second reach its readers, and at what cost.</summary>
internal sealed class FanOut(int[] readers, int[] senders, int[] windows, int[] sizes) : IScenario
{
    public string Name => "fanout";

    public string Purpose => "One room; some of its readers send, each when one of its own messages has come back.";

    public IReadOnlyList<Figure> Figures { get; } =
    [
        Figure.DeliveriesPerSecond, Figure.ServerCpuEach, Figure.LoadTimeEach, Figure.LoadBusy, Figure.OthersBusy,
        Figure.AnswerMedian, Figure.Answer99, Figure.Answer999, Figure.Delivery99,
    ];

    public IReadOnlyList<Figure> Compared { get; } = [Figure.DeliveriesPerSecond, Figure.ServerCpuEach];

    public string Baseline => "floor";

    public string? Picture { get; init; }

    public IReadOnlyList<Trial> Trials { get; } =
    [
        .. from size in sizes
           from window in windows
           from sender in senders
           from reader in readers
           let shape = new CrowdShape(Rooms: 1, reader, Math.Min(sender, reader), size)
           let name = $"{reader:N0} readers, {sender} senders, window {window}, {size:N0} B"
           select new Trial(name, run => RunAsync(run, shape, window)) { Axis = reader },
    ];

    public static Command Command()
    {
        var readers = ScenarioCommand.Numbers("--readers", "Readers in the room.", 100, 1000, 5000);
        var senders = ScenarioCommand.Numbers("--senders", "How many of the readers send.", 4);
        var windows = ScenarioCommand.Numbers("--window", "Messages that each sender keeps on their way.", 1);
        var sizes = ScenarioCommand.Numbers("--size", "Bytes of a text.", 64);
        var picture = new Option<string?>("--svg") { Description = "Draw deliveries/s by number of readers into this file." };
        return ScenarioCommand.Create(
            "fanout",
            "Copies a second that reach the readers of one room, and what each costs.",
            [readers, senders, windows, sizes, picture],
            parsed => new FanOut(parsed.GetValue(readers)!, parsed.GetValue(senders)!, parsed.GetValue(windows)!, parsed.GetValue(sizes)!)
            {
                Picture = parsed.GetValue(picture),
            });
    }

    /// <summary>The same with many rooms: <see cref="ManyRooms"/>.</summary>
    public static async Task<Readings> RunAsync(Run run, CrowdShape shape, int window)
    {
        var crowd = await Crowd.EnterAsync(run.Load, run.Target, shape, run.Cancellation);
        await crowd.KeepSendingAsync(window);
        var measured = await MeasuredWindow.AfterWarmUpAsync(run);
        await crowd.SettleAsync(run.Cancellation);

        var stats = measured.Stats;
        var readings = measured.ReadingsOf(Figure.DeliveriesPerSecond, stats.Deliveries);
        readings[Figure.Answer999] = MeasuredWindow.Milliseconds(stats.Answer, 0.999);
        readings[Figure.Delivery99] = MeasuredWindow.Milliseconds(stats.Delivery, 0.99);
        return readings;
    }
}
