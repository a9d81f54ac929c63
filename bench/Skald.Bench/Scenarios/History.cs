using System.CommandLine;
using System.Text;
using Skald.Bench.Clients;
using Skald.Bench.Load;
using Skald.Bench.Measuring;
using Skald.Bench.Targets;

namespace Skald.Bench.Scenarios;

/// <summary>Pages of history from tables of growing size, against the same bytes from memory.</summary>
internal sealed class History(int[] rows, int page, int clients, int size) : IScenario
{
    /// <summary>Places in the room that are asked for in turn, spread evenly, so that no page is always the one just read.</summary>
    private const int Places = 1009;

    private const string RoomName = "filled";

    private const string Json = "application/json";

    private RunningTarget? _filled;
    private int _count;
    private byte[]? _page;

    public string Name => "history";

    public string Purpose => $"Pages of {page} from anywhere in a room, against the same bytes from a bare Kestrel.";

    public IReadOnlyList<Figure> Figures { get; } =
        [Figure.PagesPerSecond, Figure.ServerCpuEach, Figure.LoadTimeEach, Figure.LoadBusy,
         Figure.OthersBusy, Figure.AnswerMedian, Figure.Answer99];

    public IReadOnlyList<Figure> Compared { get; } = [Figure.PagesPerSecond, Figure.ServerCpuEach];

    public string Baseline => "kestrel";

    public IReadOnlyList<Trial> Trials =>
    [
        .. rows.Order().Select(count => new Trial($"{count:N0} messages, pages of {page}, {clients} clients", run => RunAsync(run, count))
        {
            Suits = target => target.IsSkald || target.Name == Baseline,
            Axis = count,
        }),
    ];

    public static Command Command()
    {
        var rows = ScenarioCommand.Numbers("--rows", "Messages in the table.", 1_000, 100_000);
        var page = ScenarioCommand.Number("--page", "Messages of a page.", 50);
        var clients = ScenarioCommand.Number("--clients", "Clients that ask at once.", 16);
        var size = ScenarioCommand.Number("--size", "Bytes of a text.", 64);
        return ScenarioCommand.Create(
            "history",
            "Pages a second, and what the size of the table does to them.",
            [rows, page, clients, size],
            parsed => new History(parsed.GetValue(rows)!, parsed.GetValue(page), parsed.GetValue(clients), parsed.GetValue(size)));
    }

    private async Task<Readings> RunAsync(Run run, int count)
    {
        if (run.Target.Target.IsSkald)
            await FillAsync(run, count);
        else
            await PutPageAsync(run);

        var requests = Enumerable.Range(1, Places).Select(place => Request(run, (long)count * place / Places)).ToList();
        var readers = Enumerable.Range(0, clients).Select(client => new PageReader(requests, client * Places / clients)).ToList();
        await run.Load.OpenAsync(readers, run.Cancellation);
        await LoadSide.OnLoopsOfAsync(readers, reader => reader.AskNext());
        var measured = await MeasuredWindow.AfterWarmUpAsync(run);
        await LoadSide.OnLoopsOfAsync(readers, reader => reader.IsStopped = true);

        return measured.ReadingsOf(Figure.PagesPerSecond, measured.Stats.Answer.Count);
    }

    /// <summary>Brings the room to so many messages, and keeps a page from its middle for the baseline.</summary>
    private async Task FillAsync(Run run, int count)
    {
        if (_filled != run.Target || _count != count)
        {
            await run.Target.RestartAsync(data => FilledRoom.Write(data, RoomName, count, size), run.Cancellation);
            (_filled, _count) = (run.Target, count);
        }

        await run.Target.Accounts!.FreshenAsync(run.Cancellation);
        _page = await run.Target.Http.GetByteArrayAsync(new Uri(PagePath(count / 2), UriKind.Relative), run.Cancellation);
    }

    private async Task PutPageAsync(Run run)
    {
        if (_page is null)
            throw new InvalidOperationException("The baseline gives back a page of Skald's: run the two together.");
        using var content = new ByteArrayContent(_page);
        content.Headers.ContentType = new(Json);
        using var answer = await run.Target.Http.PutAsync(new Uri("/", UriKind.Relative), content, run.Cancellation);
        answer.EnsureSuccessStatusCode();
    }

    private byte[] Request(Run run, long before)
    {
        var path = run.Target.Target.IsSkald ? PagePath(Math.Max(before, page + 1)) : "/";
        var authorization = run.Target.Accounts is { } accounts ? $"Authorization: Bearer {accounts.NextToken()}\r\n" : "";
        return Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {Json}\r\n{authorization}\r\n");
    }

    private string PagePath(long before) => $"/api/chat/history/{RoomName}/?limit={page}&before={before}";
}
