using Skald.Bench.Machine;

namespace Skald.Bench.Targets;

/// <summary>A node of a target that the bench has started, and ends.</summary>
internal sealed class RunningTarget : IAsyncDisposable
{
    private readonly Func<ServerProcess> _launch;
    private readonly string _dataDirectory;
    private ServerProcess _process;

    private RunningTarget(Target target, Func<ServerProcess> launch, NodePlace place, Accounts? accounts)
    {
        (Target, _launch, Port, _dataDirectory) = (target, launch, place.Port, place.DataDirectory);
        _process = launch();
        Http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{Port}") };
        Accounts = target.IsSkald ? accounts ?? new Accounts(Http) : null;
    }

    public Target Target { get; }

    public int Port { get; }

    public int ProcessId => _process.Id;

    /// <summary>For what is not measured.</summary>
    public HttpClient Http { get; }

    /// <summary>Null where the target asks nobody who he is.</summary>
    public Accounts? Accounts { get; }

    /// <summary>From the start of the process until it answered, in nanoseconds.</summary>
    public long StartTime { get; private set; }

    /// <inheritdoc cref="ServerProcess.LastLines"/>
    public string LastLines => _process.LastLines;

    public bool HasExited => _process.HasExited;

    /// <param name="place">Where it stands, and on which database.</param>
    /// <param name="accounts">Those of the first node, for another one; null registers them.</param>
    public static async Task<RunningTarget> StartAsync(
        Target target, NodePlace place, Accounts? accounts, ServerOptions options, CancellationToken cancellation)
    {
        // On one core the runtime compiles hot code well after a second without anything new, which a server under load seldom has.
        // Skald ships with less (decision 10); with the same 10 ms for its peers a short run compares what long ones would.
        var environment = new Dictionary<string, string>();
        if (!target.IsSkald)
            environment["DOTNET_TC_CallCountingDelayMs"] = "a";
        foreach (var (name, value) in options.Environment)
            environment[name] = value;
        IReadOnlyList<string> commandLine = [.. target.CommandLine(options.Workspace, place), .. options.Arguments];

        var startedAt = Clock.Now;
        var running = new RunningTarget(
            target, () => ServerProcess.Start(target.Name, options.Cores, commandLine, environment), place, accounts);
        try
        {
            await running.UntilItAnswersAsync(startedAt, cancellation);
            if (accounts is null && running.Accounts is { } own)
                await own.RegisterAsync(cancellation);
            return running;
        }
        catch
        {
            await running.DisposeAsync();
            throw;
        }
    }

    public string RoomPath(string room, long? since) => Target.Dialect!.Path(room, Accounts?.NextToken(), since);

    /// <summary>Ends the process, lets somebody at its data directory, and starts it again.</summary>
    public async Task RestartAsync(Action<string> whileDown, CancellationToken cancellation)
    {
        await _process.DisposeAsync();
        whileDown(_dataDirectory);
        var startedAt = Clock.Now;
        _process = _launch();
        await UntilItAnswersAsync(startedAt, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Http.Dispose();
        Directory.Delete(_dataDirectory, recursive: true);
    }

    private async Task UntilItAnswersAsync(long startedAt, CancellationToken cancellation)
    {
        await _process.UntilAsync(() => AnswersAsync(cancellation), cancellation);
        StartTime = Clock.Now - startedAt;
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellation)
    {
        if (!Target.IsSkald)
            return await ServerProcess.ListensAsync(Port, cancellation);
        try
        {
            using var answer = await Http.GetAsync("/readyz", cancellation);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
