using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Skald.Bench.Load;
using Skald.Bench.Machine;

namespace Skald.Bench.Targets;

/// <summary>A process on the servers' cores that the bench has started, and ends.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const int LinesKept = 20;
    private const long LongestStart = 30 * Clock.Second;
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(5);

    private readonly string _name;
    private readonly ConcurrentQueue<string> _lastLines = new();
    private readonly Process _process;

    private ServerProcess(string name, ProcessStartInfo start)
    {
        _name = name;
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start.");
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The server's: <c>taskset</c> puts itself on the cores and then becomes the server.</summary>
    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What it last wrote, to say why it failed.</summary>
    public string LastLines => string.Join('\n', _lastLines);

    public static ServerProcess Start(
        string name, CoreList cores, IReadOnlyList<string> commandLine, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo("taskset", ["-c", cores.ToString(), .. commandLine])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (variable, value) in environment)
            start.Environment[variable] = value;
        return new ServerProcess(name, start);
    }

    /// <summary>
    /// A port of 127.0.0.1 that nobody listens on. It lies below those that the kernel gives to outgoing connections (from 32768 on,
    /// ip(7)): one of these could be taken by a connection before the server listens.
    /// </summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(10_000, 32_000);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }

    /// <summary>Whether somebody listens on a port of 127.0.0.1.</summary>
    public static async Task<bool> ListensAsync(int port, CancellationToken cancellation)
    {
        try
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(IPAddress.Loopback, port, cancellation);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Waits until it answers.</summary>
    public async Task UntilAsync(Func<Task<bool>> answers, CancellationToken cancellation)
    {
        var startedAt = Clock.Now;
        while (!await answers())
        {
            if (HasExited || Clock.Now - startedAt > LongestStart)
                throw new RunFailedException($"{_name} did not start: {LastLines}");
            await Task.Delay(Glance, cancellation);
        }
    }

    /// <summary>Waits until it has ended by itself, and ends it where that takes long.</summary>
    public async Task EndedAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            // DisposeAsync kills it.
        }

        await DisposeAsync();
    }

    /// <summary>Kills it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
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
}
