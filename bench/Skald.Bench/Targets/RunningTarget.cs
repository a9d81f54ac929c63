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

    private readonly Process _process;
    private readonly string _dataDirectory;
    private readonly ConcurrentQueue<string> _lastLines = new();

    private RunningTarget(Target target, Process process, int port, string dataDirectory)
    {
        (Target, _process, Port, _dataDirectory) = (target, process, port, dataDirectory);
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
        Target target, Workspace workspace, IReadOnlyList<string> arguments, CoreList cores, IReadOnlyDictionary<string, string> environment, CancellationToken cancellation)
    {
        var port = FreePort();
        var dataDirectory = workspace.NewDataDirectory();
        var start = new ProcessStartInfo("taskset", ["-c", cores.ToString(), .. target.CommandLine(workspace, port, dataDirectory), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;

        var startedAt = Clock.Now;
        var process = Process.Start(start) ?? throw new InvalidOperationException("taskset did not start.");
        var running = new RunningTarget(target, process, port, dataDirectory);
        try
        {
            running.KeepLastLines();
            await running.UntilItAnswersAsync(startedAt, cancellation);
            if (running.Accounts is { } accounts) await accounts.RegisterAsync(cancellation);
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

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Http.Dispose();
        Directory.Delete(_dataDirectory, recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void KeepLastLines()
    {
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        _lastLines.Enqueue(line);
        if (_lastLines.Count > LinesKept) _lastLines.TryDequeue(out _);
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
