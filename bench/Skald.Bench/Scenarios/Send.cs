using System.CommandLine;
using System.Globalization;
using Skald.Bench.Clients;
using Skald.Bench.Load;
using Skald.Bench.Machine;
using Skald.Bench.Measuring;

namespace Skald.Bench.Scenarios;

/// <summary>How many sends a second are answered for. Skald acks what is on disk; of the others the sender gets its message back.</summary>
internal sealed class Send(int senders, int window, int size) : IScenario
{
    /// <summary>The target that only inserts rows.</summary>
    private const string Storage = "sqlite";

    public string Name => "send";

    public string Purpose =>
        "Each sender has a room with one reader and keeps some sends unanswered. " +
        "Skald acks after fsync; sqlite is inserts alone; the others echo and store nothing.";

    public IReadOnlyList<Figure> Figures { get; } =
    [
        Figure.SendsPerSecond, Figure.ServerCpuEach, Figure.LoadTimeEach, Figure.LoadBusy, Figure.OthersBusy,
        Figure.AnswerMedian, Figure.Answer99, Figure.Answer999,
    ];

    public IReadOnlyList<Figure> Compared { get; } = [Figure.SendsPerSecond];

    public string Baseline => Storage;

    public IReadOnlyList<Trial> Trials { get; } =
    [
        new Trial($"socket, {senders} senders, window {window}, {size:N0} B", run => OverSocketAsync(run, senders, window, size))
        {
            Suits = target => target.Dialect is not null || target.Name == Storage,
        },
        new Trial($"REST, {senders} senders, window {window}, {size:N0} B", run => OverRestAsync(run, senders, window, size))
        {
            Suits = target => target.IsSkald,
        },
    ];

    public static Command Command()
    {
        var senders = ScenarioCommand.Number("--senders", "Senders, each in a room of its own.", 64);
        var window = ScenarioCommand.Number("--window", "Sends that each keeps unanswered.", 8);
        var size = ScenarioCommand.Number("--size", "Bytes of a text.", 64);
        return ScenarioCommand.Create(
            "send",
            "Committed sends a second and how long their acks take, by socket and by REST.",
            [senders, window, size],
            parsed => new Send(parsed.GetValue(senders), parsed.GetValue(window), parsed.GetValue(size)));
    }

    private static Task<Readings> OverSocketAsync(Run run, int senders, int window, int size) => run.Target.Target switch
    {
        { IsSkald: true } => WithAcksAsync(run, senders, window, size),
        { Name: Storage } => InsertsAsync(run, senders, window, size),
        _ => WithEchoesAsync(run, senders, window, size),
    };

    private static async Task<Readings> WithAcksAsync(Run run, int senders, int window, int size)
    {
        var crowd = await Crowd.ReadersOfAsync(run.Load, run.Target, rooms: senders, readersPerRoom: 1, placesPerRoom: 1, run.Cancellation);
        var sockets = await CommandSockets.OpenAsync(run.Load, run.Target, crowd.Rooms, size, run.Cancellation);
        await sockets.KeepSendingAsync(window);
        var measured = await MeasuredWindow.AfterWarmUpAsync(run);
        await sockets.SettleAsync(run.Cancellation);
        await crowd.SettleAsync(run.Cancellation);
        return Read(measured);
    }

    private static async Task<Readings> WithEchoesAsync(Run run, int senders, int window, int size)
    {
        var shape = new CrowdShape(Rooms: senders, ReadersPerRoom: 1, SendersPerRoom: 1, size);
        var crowd = await Crowd.EnterAsync(run.Load, run.Target, shape, run.Cancellation);
        await crowd.KeepSendingAsync(window);
        var measured = await MeasuredWindow.AfterWarmUpAsync(run);
        await crowd.SettleAsync(run.Cancellation);
        return Read(measured);
    }

    /// <summary>Rows into a bare table, as many at once as can be unanswered: the acks if storage were all there is.</summary>
    private static async Task<Readings> InsertsAsync(Run run, int senders, int window, int size)
    {
        var seconds = run.Duration.TotalSeconds;
        var cpu = ProcessUsage.CpuTime(run.Target.ProcessId);
        var inserts = string.Create(
            CultureInfo.InvariantCulture,
            $"/inserts?rooms={senders}&batch={senders * window}&seconds={seconds}&size={size}");
        using var answer = await run.Target.Http.PostAsync(new Uri(inserts, UriKind.Relative), content: null, run.Cancellation);
        answer.EnsureSuccessStatusCode();
        var rows = long.Parse(await answer.Content.ReadAsStringAsync(run.Cancellation), CultureInfo.InvariantCulture);
        return new Readings
        {
            [Figure.SendsPerSecond] = rows / seconds,
            [Figure.ServerCpuEach] = (ProcessUsage.CpuTime(run.Target.ProcessId) - cpu) / 1000.0 / rows,
        };
    }

    private static async Task<Readings> OverRestAsync(Run run, int senders, int window, int size)
    {
        // Requests on one connection take turns: a window is so many connections, each with a place of its own in the room.
        var crowd = await Crowd.ReadersOfAsync(
            run.Load, run.Target, rooms: senders, readersPerRoom: 1, placesPerRoom: window, run.Cancellation);
        var clients =
            (from room in crowd.Rooms
             from place in Enumerable.Range(0, window)
             select new RestSender(room, place, run.Target.Accounts!.NextToken(), size)).ToList();
        await run.Load.OpenAsync(clients, run.Cancellation);
        await LoadSide.OnLoopsOfAsync(clients, client => client.KeepSending());
        var measured = await MeasuredWindow.AfterWarmUpAsync(run);
        await LoadSide.OnLoopsOfAsync(clients, client => client.StopSending());
        await run.Load.UntilAsync(() => clients.TrueForAll(client => client.IsIdle), "every request is answered", run.Cancellation);
        await crowd.SettleAsync(run.Cancellation);
        return Read(measured);
    }

    private static Readings Read(MeasuredWindow measured)
    {
        var readings = measured.ReadingsOf(Figure.SendsPerSecond, measured.Stats.Answer.Count);
        readings[Figure.Answer999] = MeasuredWindow.Milliseconds(measured.Stats.Answer, 0.999);
        return readings;
    }
}
