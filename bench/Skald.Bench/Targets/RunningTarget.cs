using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Skald.Bench.Load;
using Skald.Bench.Machine;

namespace Skald.Bench.Targets;

/// <summary>A server that the bench has started, and ends.</summary>
internal sealed class RunningTarget : IAsyncDisposable
{
    private const int LinesKept = 20;
    private const long LongestStart = 30 * Clock.Second;
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(5);

    private readonly ProcessStartInfo _start;
    private readonly string _dataDirectory;
    private readonly ConcurrentQueue<string> _lastLines = new();
    private Process _process;

    private RunningTarget(Target target, ProcessStartInfo start, int port, string dataDirectory)
    {
        (Target, _start, Port, _dataDirectory) = (target, start, port, dataDirectory);
        _process = Launch();
        Http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        Accounts = target.IsSkald ? new Accounts(Http) : null;
    }

    public Target Target { get; }

    public int Port { get; }

    /// <summary>The process; <c>taskset</c> puts itself on the cores and then becomes the server.</summary>
    public int ProcessId => _process.Id;

    /// <summary>For what is not measured.</summary>
    public HttpClient Http { get; }

    /// <summary>Null where the target asks nobody who he is.</summary>
    public Accounts? Accounts { get; }

    /// <summary>From the start of the process until it answered, in nanoseconds.</summary>
    public long StartTime { get; private set; }

    public static async Task<RunningTarget> StartAsync(
        Target target, Workspace workspace, IReadOnlyList<string> arguments, CoreList cores,
        IReadOnlyDictionary<string, string> environment, CancellationToken cancellation)
    {
        var port = FreePort();
        var dataDirectory = workspace.NewDataDirectory();
        var start = new ProcessStartInfo(
            "taskset",
            ["-c", cores.ToString(), .. target.CommandLine(workspace, port, dataDirectory), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // On one core the runtime compiles hot code well after a second without anything new, which a server under load seldom has.
        // Skald ships with less (decision 10); with the same 10 ms for its peers a short run compares what long ones would.
        if (!target.IsSkald)
            start.Environment["DOTNET_TC_CallCountingDelayMs"] = "a";
        foreach (var (name, value) in environment)
            start.Environment[name] = value;

        var startedAt = Clock.Now;
        var running = new RunningTarget(target, start, port, dataDirectory);
        try
        {
            await running.UntilItAnswersAsync(startedAt, cancellation);
            if (running.Accounts is { } accounts)
                await accounts.RegisterAsync(cancellation);
            return running;
        }
        catch
        {
            await running.DisposeAsync();
            throw;
        }
    }

    public string RoomPath(string room, long? since) => Target.Dialect!.Path(room, Accounts?.NextToken(), since);

    /// <summary>What it last wrote, to say why it failed.</summary>
    public string LastLines => string.Join('\n', _lastLines);

    public bool HasExited => _process.HasExited;

    /// <summary>Ends the process, lets somebody at its data directory, and starts it again.</summary>
    public async Task RestartAsync(Action<string> whileDown, CancellationToken cancellation)
    {
        await EndAsync();
        whileDown(_dataDirectory);
        var startedAt = Clock.Now;
        _process = Launch();
        await UntilItAnswersAsync(startedAt, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        Http.Dispose();
        Directory.Delete(_dataDirectory, recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private Process Launch()
    {
        var process = Process.Start(_start) ?? throw new InvalidOperationException("taskset did not start.");
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private async Task EndAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is null)
            return;
        _lastLines.Enqueue(line);
        if (_lastLines.Count > LinesKept)
            _lastLines.TryDequeue(out _);
    }

    private async Task UntilItAnswersAsync(long startedAt, CancellationToken cancellation)
    {
        while (!await AnswersAsync(cancellation))
        {
            if (_process.HasExited || Clock.Now - startedAt > LongestStart)
                throw new RunFailedException($"{Target.Name} did not start: {LastLines}");
            await Task.Delay(Glance, cancellation);
        }

        StartTime = Clock.Now - startedAt;
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellation)
    {
        try
        {
            if (Target.IsSkald)
            {
                using var answer = await Http.GetAsync("/readyz", cancellation);
                return answer.IsSuccessStatusCode;
            }

            using var socket = new TcpClient();
            await socket.ConnectAsync(IPAddress.Loopback, Port, cancellation);
            return true;
        }
        catch (Exception refused) when (refused is HttpRequestException or SocketException)
        {
            return false;
        }
    }
}
