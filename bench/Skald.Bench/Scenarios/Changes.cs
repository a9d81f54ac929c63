using System.CommandLine;
using Skald.Bench.Clients;
using Skald.Bench.Load;
using Skald.Bench.Measuring;

namespace Skald.Bench.Scenarios;

/// <summary>What an edit and a delete cost beside a send: each in rooms that nobody reads, so that the log is what is measured.</summary>
internal sealed class Changes(int senders, int window, int size) : IScenario
{
    private const int FillWindow = 64;

    public string Name => "changes";

    public string Purpose =>
        "Each sender has a room with 9,999 messages, which nobody reads, and keeps some commands unanswered: it sends, edits its " +
        "messages, or deletes them. " +
        "The CPU of an edit or a delete divided by that of a send, both in one round, is what counts.";

    public IReadOnlyList<Figure> Figures { get; } =
    [
        Figure.SendsPerSecond, Figure.ServerCpuEach, Figure.LoadTimeEach, Figure.LoadBusy, Figure.OthersBusy,
        Figure.AnswerMedian, Figure.Answer99,
    ];

    public IReadOnlyList<Figure> Compared { get; } = [Figure.SendsPerSecond, Figure.ServerCpuEach];

    public string? Baseline => null;

    public IReadOnlyList<Trial> Trials { get; } =
    [
        new Trial(
            $"send, {senders} senders, window {window}, {size:N0} B",
            run => SendAsync(run, senders, window, size)) { Suits = target => target.IsSkald },
        new Trial(
            $"edit, {senders} senders, window {window}, {size:N0} B",
            run => ChangeAsync(run, senders, window, size, size)) { Suits = target => target.IsSkald },
        new Trial(
            $"delete, {senders} senders, window {window}, {size:N0} B",
            run => ChangeAsync(run, senders, window, size, 0)) { Suits = target => target.IsSkald },
    ];

    public static Command Command()
    {
        var senders = ScenarioCommand.Number("--senders", "Senders, each in a room of its own.", 32);
        var window = ScenarioCommand.Number("--window", "Commands that each keeps unanswered.", 16);
        var size = ScenarioCommand.Number("--size", "Bytes of a text.", 64);
        return ScenarioCommand.Create(
            "changes",
            "What an edit and a delete cost beside a send.",
            [senders, window, size],
            parsed => new Changes(parsed.GetValue(senders), parsed.GetValue(window), parsed.GetValue(size)));
    }

    private static async Task<Readings> SendAsync(Run run, int senders, int window, int size)
    {
        var (_, sockets) = await FillAsync(run, senders, size);
        await sockets.KeepSendingAsync(window);
        var measured = await MeasuredWindow.AfterWarmUpAsync(run);
        await sockets.SettleAsync(run.Cancellation);
        return measured.ReadingsOf(Figure.SendsPerSecond, measured.Stats.Answer.Count);
    }

    private static async Task<Readings> ChangeAsync(Run run, int senders, int window, int size, int newSize)
    {
        var (crowd, sockets) = await FillAsync(run, senders, size);
        // Who sent a message may change it: one account each for both sockets of a room.
        var changes = crowd.Rooms.Select((room, i) => new ChangeSocket(room.Name, sockets.PathOf(i), newSize)).ToList();
        await run.Load.OpenAsync(changes, run.Cancellation);
        await LoadSide.OnLoopsOfAsync(changes, change => change.KeepSending(window));
        var measured = await MeasuredWindow.AfterWarmUpAsync(run);
        if (newSize == 0 && changes.Exists(change => change.IsThrough))
            throw new RunFailedException("Every message was deleted before the time was over: measure for a shorter --duration.");
        await LoadSide.OnLoopsOfAsync(changes, change => change.StopSending());
        await run.Load.UntilAsync(() => changes.TrueForAll(change => change.IsIdle), "every change is acked", run.Cancellation);
        return measured.ReadingsOf(Figure.SendsPerSecond, measured.Stats.Answer.Count);
    }

    private static async Task<(Crowd Crowd, CommandSockets Sockets)> FillAsync(Run run, int senders, int size)
    {
        var crowd = await Crowd.ReadersOfAsync(run.Load, run.Target, rooms: senders, readersPerRoom: 0, placesPerRoom: 1, run.Cancellation);
        var sockets = await CommandSockets.OpenAsync(run.Load, run.Target, crowd.Rooms, size, run.Cancellation);
        await sockets.SendUntilAsync(ChangeSocket.LastSeq, FillWindow, run.Cancellation);
        return (crowd, sockets);
    }
}
