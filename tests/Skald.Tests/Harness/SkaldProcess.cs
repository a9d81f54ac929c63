using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Skald.Tests.Harness;

/// <summary>The built server as a process of its own, which can be killed without a word and started again on the same data.</summary>
internal sealed class SkaldProcess : IAsyncDisposable
{
    private const string Listening = "Now listening on: ";

    private readonly Process _process;
    private readonly List<string> _output = [];
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool _disposed;

    private SkaldProcess(ProcessStartInfo start)
    {
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Take(line.Data);
        _process.ErrorDataReceived += (_, line) => Take(line.Data);
        _process.Exited += (_, _) => _listening.TrySetException(new InvalidOperationException($"The server ended: {Output}"));
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public HttpClient Http { get; } = new();

    /// <summary>From the start of the process until <c>/readyz</c> said so.</summary>
    public TimeSpan ReadyAfter { get; private set; }

    public bool HasExited => _process.HasExited;

    /// <summary>Bytes of memory it holds now.</summary>
    public long Memory => Status("VmRSS") * 1024;

    /// <summary>Bytes of memory it held when it held most.</summary>
    public long MostMemory => Status("VmHWM") * 1024;

    public long Threads => Status("Threads");

    /// <summary>What it has open, and how much of that are sockets.</summary>
    public (int All, int Sockets) Handles
    {
        get
        {
            var handles = Directory.GetFiles($"/proc/{_process.Id}/fd").Select(handle => new FileInfo(handle).LinkTarget).ToArray();
            return (handles.Length, handles.Count(target => target?.StartsWith("socket:", StringComparison.Ordinal) == true));
        }
    }

    public string Output
    {
        get
        {
            lock (_output)
                return string.Join('\n', _output);
        }
    }

    /// <summary>The rest of the last line that began so.</summary>
    public string? LastLine(string start)
    {
        lock (_output)
            return _output.FindLast(line => line.StartsWith(start, StringComparison.Ordinal))?[start.Length..];
    }

    /// <summary>Starts the server as it ships, but for its rate limits and the cost of passwords.</summary>
    /// <param name="under">A command that runs it, and its arguments: a tracer, for example.</param>
    public static Task<SkaldProcess> StartAsync(string data, params string[] under) => StartAsync(data, [], under);

    /// <summary>The same with settings of the test's own, as <c>("Limits:FrameBytes", "1024")</c>.</summary>
    public static async Task<SkaldProcess> StartAsync(string data, (string Key, string Value)[] settings, string[] under)
    {
        var engine = await TestEngine.SettingsAsync(data);
        string[] server =
        [
            "dotnet", SkaldCommand.Program, "--Urls", "http://127.0.0.1:0", "--Data", data,
            "--Limits:Enabled", "false", "--Accounts:PasswordIterations", "1000", "--Metrics:Listen", "http://127.0.0.1:0",
            .. engine.SelectMany(setting => new[] { $"--{setting.Key}", setting.Value! }),
            .. settings.SelectMany(setting => new[] { $"--{setting.Key}", setting.Value }),
        ];
        string[] command = [.. under, .. server];
        return await StartAsync(new ProcessStartInfo(command[0], command[1..]));
    }

    /// <summary>Starts a program that says where it listens as the server does.</summary>
    public static async Task<SkaldProcess> StartAsync(ProcessStartInfo start)
    {
        var started = TimeProvider.System.GetTimestamp();
        var server = new SkaldProcess(start);
        try
        {
            server.Http.BaseAddress = await server._listening.Task.Within();
            while (await server.ReadinessAsync() != HttpStatusCode.OK)
            {
            }
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        server.ReadyAfter = TimeProvider.System.GetElapsedTime(started);
        return server;
    }

    public async Task<HttpStatusCode> ReadinessAsync()
    {
        using var answer = await Http.GetAsync("/readyz").Within();
        return answer.StatusCode;
    }

    /// <summary>An address of a socket here: <c>/ws/?token=…</c></summary>
    public Uri SocketAddress(string pathAndQuery) => new($"ws://{Http.BaseAddress!.Authority}{pathAndQuery}");

    /// <summary>An access token of this user, who is registered if need be.</summary>
    public async Task<string> SignInAsync(string username)
    {
        using var registered = await Http.PostAsJsonAsync("/api/register/", new { username, password = "12345678" }).Within();
        using var answer = await Http.PostAsJsonAsync("/api/login/", new { username, password = "12345678" }).Within();
        return (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("access").GetString()!;
    }

    /// <summary><c>kill -9</c>.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync().Within();
    }

    /// <summary><c>SIGSTOP</c>: from here on it does nothing, whatever the kernel still does for it.</summary>
    public Task FreezeAsync()
    {
        const int SigStop = 19;
        _ = Kill(_process.Id, SigStop);
        // Stopped, or within a system call that it can only come back from to be stopped.
        return Deadline.UntilAsync(() => States().All(state => state is 'T' or 'D'), "every thread is stopped");

        IEnumerable<char> States()
        {
            foreach (var thread in Directory.EnumerateDirectories($"/proc/{_process.Id}/task"))
            {
                var stat = File.ReadAllText(Path.Combine(thread, "stat"));
                yield return stat[stat.LastIndexOf(')') + 2];
            }
        }
    }

    /// <summary><c>SIGCONT</c>.</summary>
    public void Thaw()
    {
        const int SigCont = 18;
        _ = Kill(_process.Id, SigCont);
    }

    /// <summary><c>SIGTERM</c>.</summary>
    public static void Terminate(Process process)
    {
        const int SigTerm = 15;
        _ = Kill(process.Id, SigTerm);
    }

    public IReadOnlyList<string> ThreadNames() =>
        [.. Directory.EnumerateDirectories($"/proc/{_process.Id}/task")
            .Select(thread => File.ReadAllText(Path.Combine(thread, "comm")).Trim())];

    /// <summary>The niceness of the threads whose name begins so; the kernel keeps 15 letters.</summary>
    public IReadOnlyList<int> Niceness(string name) =>
        [.. Directory.EnumerateDirectories($"/proc/{_process.Id}/task").Select(thread => File.ReadAllText(Path.Combine(thread, "stat")))
            .Where(stat => stat.Contains($"({name}", StringComparison.Ordinal))
            .Select(stat => int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[16], CultureInfo.InvariantCulture))];

    /// <summary><c>SIGTERM</c>, and its end.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> StopAsync()
    {
        Terminate(_process);
        return ExitAsync();
    }

    /// <summary><c>SIGHUP</c>, as when its terminal closes, and its end.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> HangUpAsync()
    {
        const int SigHup = 1;
        _ = Kill(_process.Id, SigHup);
        return ExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        await KillAsync();
        Http.Dispose();
        _process.Dispose();
    }

    private async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        return _process.ExitCode;
    }

    /// <returns>0 where the process has ended.</returns>
    private long Status(string name)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines($"/proc/{_process.Id}/status");
        }
        catch (IOException)
        {
            return 0;
        }

        var line = lines.SingleOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line is null
            ? 0
            : long.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    private void Take(string? line)
    {
        if (line is null)
            return;
        lock (_output)
            _output.Add(line);
        if (line.IndexOf(Listening, StringComparison.Ordinal) is var at and >= 0)
            _listening.TrySetResult(new Uri(line[(at + Listening.Length)..].Split('"')[0].Trim()
                .Replace("[::]", "127.0.0.1", StringComparison.Ordinal).Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal)));
    }

#pragma warning disable SYSLIB1054 // One call of a test.
    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
#pragma warning restore SYSLIB1054
}
