using System.CommandLine;
using Skald.Bench.Clients;
using Skald.Bench.Measuring;

namespace Skald.Bench.Scenarios;

/// <summary>Many small rooms, the shape of a real product: everyone reads and everyone sends.</summary>
internal sealed class ManyRooms(int connections, int perRoom, int window, int size) : IScenario
{
    public string Name => "rooms";

    public string Purpose => "Many small rooms; each member sends when its own message has come back.";

    public IReadOnlyList<Figure> Figures { get; } =
    [
        Figure.DeliveriesPerSecond, Figure.ServerCpuEach, Figure.LoadTimeEach, Figure.LoadBusy, Figure.OthersBusy,
        Figure.AnswerMedian, Figure.Answer99, Figure.Answer999,
    ];

    public IReadOnlyList<Figure> Compared { get; } = [Figure.DeliveriesPerSecond];

    public string Baseline => "signalr";

    public IReadOnlyList<Trial> Trials { get; } =
    [
        new Trial(
            $"{connections / perRoom:N0} rooms of {perRoom}, window {window}, {size:N0} B",
            run => FanOut.RunAsync(run, new CrowdShape(connections / perRoom, perRoom, perRoom, size), window)),
    ];

    public static Command Command()
    {
        var connections = ScenarioCommand.Number("--connections", "Members of all rooms together.", 1000);
        var perRoom = ScenarioCommand.Number("--per-room", "Members of each room.", 10);
        var window = ScenarioCommand.Number("--window", "Messages that each member keeps on their way.", 1);
        var size = ScenarioCommand.Number("--size", "Bytes of a text.", 64);
        return ScenarioCommand.Create(
            "rooms",
            "Many small rooms in which everyone sends.",
            [connections, perRoom, window, size],
            parsed =>
                new ManyRooms(parsed.GetValue(connections), parsed.GetValue(perRoom), parsed.GetValue(window), parsed.GetValue(size)));
    }
}
