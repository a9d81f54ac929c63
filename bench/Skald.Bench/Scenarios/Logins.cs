using System.CommandLine;
using Skald.Bench.Clients;
using Skald.Bench.Load;
using Skald.Bench.Measuring;

namespace Skald.Bench.Scenarios;

/// <summary>More logins than a machine can hash, while people chat. What do they notice?</summary>
internal sealed class Logins(int readers, int perSecond, int loginsPerSecond, int size) : IScenario
{
    private const int Senders = 4;

    /// <summary>As many as the queue and two seconds of late answers hold.</summary>
    private const int Clients = 512;

    public string Name => "logins";

    public string Purpose =>
        "Sends at fixed times into one room; then logins at fixed times too, at the full cost of a password. Latency is that of messages, before and after.";

    public IReadOnlyList<Figure> Figures { get; } =
    [
        Figure.DeliveryMedianBefore, Figure.DeliveryMedian, Figure.Delivery99Before, Figure.Delivery99, Figure.Delivery99Change,
        Figure.LoginsPerSecond, Figure.RefusedPerSecond, Figure.Refused99, Figure.ServerBusy, Figure.OthersBusy,
    ];

    public IReadOnlyList<Figure> Compared { get; } = [];

    public string? Baseline => null;

    public IReadOnlyList<string> ServerArguments { get; } = ["--Accounts:PasswordIterations=600000"];

    public IReadOnlyList<Trial> Trials { get; } =
    [
        new Trial(
            $"{readers:N0} readers, {perSecond:N0} sends/s, {loginsPerSecond:N0} logins/s, {size:N0} B",
            run => RunAsync(run, readers, perSecond, loginsPerSecond, size)) { Suits = target => target.IsSkald },
    ];

    public static Command Command()
    {
        var readers = ScenarioCommand.Number("--readers", "Readers in the room.", 100);
        var perSecond = ScenarioCommand.Number("--rate", "Sends a second.", 100);
        var logins = ScenarioCommand.Number("--logins", "Logins a second.", 200);
        var size = ScenarioCommand.Number("--size", "Bytes of a text.", 64);
        return ScenarioCommand.Create(
            "logins",
            "What a flood of logins does to those who chat.",
            [readers, perSecond, logins, size],
            parsed => new Logins(parsed.GetValue(readers), parsed.GetValue(perSecond), parsed.GetValue(logins), parsed.GetValue(size)));
    }

    private static async Task<Readings> RunAsync(Run run, int readers, int perSecond, int loginsPerSecond, int size)
    {
        var crowd = await Crowd.EnterAsync(run.Load, run.Target, new CrowdShape(Rooms: 1, readers, Senders, size), run.Cancellation);
        var clients = Enumerable.Range(0, Clients).Select(_ => new LoginClient()).ToList();
        await run.Load.OpenAsync(clients, run.Cancellation);

        var sending = await crowd.SendAtRateAsync(perSecond);
        var before = await MeasuredWindow.AfterWarmUpAsync(run);
        var floods = clients.GroupBy(client => client.Loop).Select(group => new LoginFlood([.. group])).ToList();
        var flooding = await OpenLoops.StartAsync(floods, flood => flood.Loop, loginsPerSecond);
        var measured = await MeasuredWindow.TakeAsync(run, run.Duration);
        flooding.Stop();
        sending.Stop();
        await crowd.SettleAsync(run.Cancellation);
        await run.Load.UntilAsync(() => clients.All(client => client.IsIdle), "every login is answered", run.Cancellation);
        await measured.AddLateAsync(run);

        var refused = new LatencyHistogram();
        clients.ForEach(client => refused.Add(client.Refused));
        return new Readings
        {
            [Figure.DeliveryMedianBefore] = MeasuredWindow.Milliseconds(before.Stats.Delivery, 0.5),
            [Figure.DeliveryMedian] = MeasuredWindow.Milliseconds(measured.Stats.Delivery, 0.5),
            [Figure.Delivery99Before] = MeasuredWindow.Milliseconds(before.Stats.Delivery, 0.99),
            [Figure.Delivery99] = MeasuredWindow.Milliseconds(measured.Stats.Delivery, 0.99),
            [Figure.Delivery99Change] = measured.Stats.Delivery.Percentile(0.99) / (double)before.Stats.Delivery.Percentile(0.99),
            [Figure.LoginsPerSecond] = clients.Sum(client => client.Done) / measured.Seconds,
            [Figure.RefusedPerSecond] = refused.Count / measured.Seconds,
            [Figure.Refused99] = MeasuredWindow.Milliseconds(refused, 0.99),
            [Figure.ServerBusy] = measured.ServerBusy,
            [Figure.OthersBusy] = measured.OthersBusy,
        };
    }
}
