using System.CommandLine;
using Skald.Bench.Clients;
using Skald.Bench.Measuring;

namespace Skald.Bench.Scenarios;

/// <summary>How soon a send is answered, and how soon the readers have it, when the load is far from what the server can bear.</summary>
internal sealed class Ack(int perSecond, int readers, int size) : IScenario
{
    public string Name => "ack";

    public string Purpose =>
        "Sends at fixed times into one room. The answer is Skald's ack after fsync, or the sender's own message come back.";

    public IReadOnlyList<Figure> Figures { get; } =
    [
        Figure.AnswerMedian, Figure.Answer99, Figure.Answer999,
        Figure.DeliveryMedian, Figure.Delivery99, Figure.Delivery999, Figure.ServerBusy, Figure.OthersBusy,
    ];

    public IReadOnlyList<Figure> Compared { get; } = [Figure.AnswerMedian];

    public string Baseline => "floor";

    public IReadOnlyList<Trial> Trials { get; } =
        [new Trial($"{perSecond:N0} sends/s, {readers:N0} readers, {size:N0} B", run => RunAsync(run, perSecond, readers, size))];

    public static Command Command()
    {
        var perSecond = ScenarioCommand.Number("--rate", "Sends a second.", 100);
        var readers = ScenarioCommand.Number("--readers", "Readers in the room.", 100);
        var size = ScenarioCommand.Number("--size", "Bytes of a text.", 64);
        return ScenarioCommand.Create(
            "ack",
            "Latency of acks and deliveries at a fixed rate.",
            [perSecond, readers, size],
            parsed => new Ack(parsed.GetValue(perSecond), parsed.GetValue(readers), parsed.GetValue(size)));
    }

    private static Task<Readings> RunAsync(Run run, int perSecond, int readers, int size) =>
        run.Target.Target.IsSkald ? WithAcksAsync(run, perSecond, readers, size) : WithEchoesAsync(run, perSecond, readers, size);

    private static async Task<Readings> WithAcksAsync(Run run, int perSecond, int readers, int size)
    {
        var crowd = await Crowd.ReadersOfAsync(run.Load, run.Target, rooms: 1, readers, placesPerRoom: 1, run.Cancellation);
        var sockets = await CommandSockets.OpenAsync(run.Load, run.Target, crowd.Rooms, size, run.Cancellation);
        var sending = await sockets.SendAtRateAsync(perSecond);
        var measured = await MeasuredWindow.AfterWarmUpAsync(run);
        sending.Stop();
        await sockets.SettleAsync(run.Cancellation);
        await crowd.SettleAsync(run.Cancellation);
        await measured.AddLateAsync(run);
        return Read(measured);
    }

    private static async Task<Readings> WithEchoesAsync(Run run, int perSecond, int readers, int size)
    {
        var shape = new CrowdShape(Rooms: 1, readers, SendersPerRoom: 1, size);
        var crowd = await Crowd.EnterAsync(run.Load, run.Target, shape, run.Cancellation);
        var sending = await crowd.SendAtRateAsync(perSecond);
        var measured = await MeasuredWindow.AfterWarmUpAsync(run);
        sending.Stop();
        await crowd.SettleAsync(run.Cancellation);
        await measured.AddLateAsync(run);
        return Read(measured);
    }

    private static Readings Read(MeasuredWindow measured) => new()
    {
        [Figure.AnswerMedian] = MeasuredWindow.Milliseconds(measured.Stats.Answer, 0.5),
        [Figure.Answer99] = MeasuredWindow.Milliseconds(measured.Stats.Answer, 0.99),
        [Figure.Answer999] = MeasuredWindow.Milliseconds(measured.Stats.Answer, 0.999),
        [Figure.DeliveryMedian] = MeasuredWindow.Milliseconds(measured.Stats.Delivery, 0.5),
        [Figure.Delivery99] = MeasuredWindow.Milliseconds(measured.Stats.Delivery, 0.99),
        [Figure.Delivery999] = MeasuredWindow.Milliseconds(measured.Stats.Delivery, 0.999),
        [Figure.ServerBusy] = measured.ServerBusy,
        [Figure.OthersBusy] = measured.OthersBusy,
    };
}
