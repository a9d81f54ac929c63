using System.CommandLine;
using Skald.Bench.Measuring;
using Skald.Bench.Scenarios;

namespace Skald.Bench;

/// <summary>Every scenario once, small: to see that all of them still run, and roughly where one stands.</summary>
internal static class AllScenarios
{
    public static Command Command()
    {
        var picture = new Option<string?>("--svg") { Description = "Draw the fan-out's deliveries/s into this file." };
        var command = new Command("all", "Every scenario once, in a small form.");
        command.Options.Add(picture);
        command.SetAction((parsed, cancellation) =>
            BenchRun.RunAsync(CommonOptions.Read(parsed), Small(parsed.GetValue(picture)), cancellation));
        return command;
    }

    private static List<IScenario> Small(string? picture) =>
    [
        new FanOut(readers: [100, 1000], senders: [4], windows: [1], sizes: [64]) { Picture = picture },
        new ManyRooms(connections: 1000, perRoom: 10, window: 1, size: 64),
        new Connects(atOnce: [64]),
        new Idle(connections: [2000]),
        new Send(senders: 64, window: 8, size: 64),
        new Changes(senders: 8, window: 16, size: 64),
        new Ack(perSecond: 100, readers: 100, size: 64),
        new Resume(clients: 1000, missed: 100, size: 64),
        new History(rows: [1_000, 20_000], page: 50, clients: 16, size: 64),
        new Slow(readers: 100, stalledPercent: 5, perSecond: 1000, size: 2048),
        new Logins(readers: 100, perSecond: 100, loginsPerSecond: 200, size: 64),
        new Soak(readers: 200, perSecond: 200, visitsPerSecond: 20, size: 64),
        new Cluster(nodes: [2], rooms: [8], senders: [16], rates: [0], readers: 2, size: 64),
    ];
}
