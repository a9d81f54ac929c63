using System.CommandLine;
using Skald.Bench.Clients;
using Skald.Bench.Machine;
using Skald.Bench.Measuring;

namespace Skald.Bench.Scenarios;

/// <summary>What connections cost that do nothing.</summary>
internal sealed class Idle(int[] connections) : IScenario
{
    private const int PerRoom = 10;

    /// <summary>Connections that come and go before, so that code and tables are there when memory is first looked at.</summary>
    private const int Forerunners = 200;

    /// <summary>What connecting and the first pings have set going, compilation and collection, comes to its end first.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(20);

    public string Name => "idle";

    public string Purpose => "Connections that only stand there, in rooms of 10; a fresh server for each run.";

    public IReadOnlyList<Figure> Figures { get; } =
        [Figure.MemoryPerConnection, Figure.Resident, Figure.Proportional, Figure.ServerBusy, Figure.StartTime];

    public IReadOnlyList<Figure> Compared { get; } = [Figure.MemoryPerConnection];

    public string Baseline => "websocket";

    public bool StartsAnew => true;

    public IReadOnlyList<Trial> Trials { get; } =
        [.. connections.Select(count => new Trial($"{count:N0} connections", run => RunAsync(run, count)))];

    public static Command Command()
    {
        var connections = ScenarioCommand.Numbers("--connections", "How many.", 10_000);
        return ScenarioCommand.Create(
            "idle",
            "Memory of a connection that does nothing, and the CPU it takes.",
            [connections],
            parsed => new Idle(parsed.GetValue(connections)!));
    }

    private static async Task<Readings> RunAsync(Run run, int connections)
    {
        await EnterAsync(run, Forerunners);
        await run.Load.CloseAllAsync();
        await run.Load.WaitAsync(run.WarmUp, run.Cancellation);
        var before = ProcessUsage.Memory(run.Target.ProcessId);

        await EnterAsync(run, connections);
        await run.Load.WaitAsync(Settling, run.Cancellation);
        var measured = await MeasuredWindow.AfterWarmUpAsync(run);
        var after = ProcessUsage.Memory(run.Target.ProcessId);
        return new Readings
        {
            [Figure.MemoryPerConnection] = 1024 * (after.Proportional - before.Proportional) / connections,
            [Figure.Resident] = after.Resident,
            [Figure.Proportional] = after.Proportional,
            [Figure.ServerBusy] = measured.ServerBusy,
            [Figure.StartTime] = run.Target.StartTime / (double)Clock.Millisecond,
        };
    }

    private static Task<Crowd> EnterAsync(Run run, int connections)
    {
        var shape = new CrowdShape(connections / PerRoom, PerRoom, SendersPerRoom: 0, TextBytes: 64);
        return Crowd.EnterAsync(run.Load, run.Target, shape, run.Cancellation);
    }
}
