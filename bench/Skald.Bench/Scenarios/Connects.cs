using System.CommandLine;
using Skald.Bench.Clients;
using Skald.Bench.Measuring;

namespace Skald.Bench.Scenarios;

/// <summary>Handshakes: connect, upgrade (with a token where one is asked for), leave.</summary>
internal sealed class Connects(int[] atOnce) : IScenario
{
    public string Name => "connect";

    public string Purpose => "Clients connect, are upgraded, and leave; the next one comes when one has left.";

    public IReadOnlyList<Figure> Figures { get; } =
    [
        Figure.HandshakesPerSecond, Figure.ServerCpuEach, Figure.LoadTimeEach, Figure.LoadBusy, Figure.OthersBusy,
        Figure.AnswerMedian, Figure.Answer99,
    ];

    public IReadOnlyList<Figure> Compared { get; } = [Figure.HandshakesPerSecond];

    public string Baseline => "websocket";

    public IReadOnlyList<Trial> Trials { get; } =
        [.. atOnce.Select(clients => new Trial($"{clients:N0} at once", run => RunAsync(run, clients)))];

    public static Command Command()
    {
        var atOnce = ScenarioCommand.Numbers("--at-once", "Handshakes on their way at once.", 64);
        return ScenarioCommand.Create(
            "connect",
            "Handshakes a second, with a token where one is asked for.",
            [atOnce],
            parsed => new Connects(parsed.GetValue(atOnce)!));
    }

    private static async Task<Readings> RunAsync(Run run, int clients)
    {
        var last = 0;
        for (var client = 0; client < clients; client++)
        {
            var loop = run.Load.NextLoop();
            var newcomer = new Newcomer(run.Target.RoomPath("lobby", since: null), () => Volatile.Read(ref last) != 0);
            await loop.PostAsync(() => loop.Open(newcomer));
        }

        var measured = await MeasuredWindow.AfterWarmUpAsync(run);
        Volatile.Write(ref last, 1);

        return measured.ReadingsOf(Figure.HandshakesPerSecond, measured.Stats.Answer.Count);
    }
}
