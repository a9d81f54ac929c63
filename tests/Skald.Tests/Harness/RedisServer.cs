using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;

namespace Skald.Tests.Harness;

/// <summary>A Redis of the tests' own, from Debian's package: on a free port, in a temporary directory, and it keeps nothing.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("skald-redis-").FullName;
    private Process? _process;

    private RedisServer(int port) => Port = port;

    public int Port { get; }

    public string ConnectionString => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    public static async Task<RedisServer> StartAsync()
    {
        var server = NotStarted();
        await server.StartAgainAsync();
        return server;
    }

    /// <returns>One that is not there yet, where it will be.</returns>
    public static RedisServer NotStarted()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new RedisServer(((IPEndPoint)listener.LocalEndpoint).Port);
    }

    public async Task StartAgainAsync()
    {
        _process = Process.Start(new ProcessStartInfo(
            "redis-server",
            [
                "--port", Port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--dir", _directory,
                "--save", "", "--appendonly", "no", "--logfile", Path.Combine(_directory, "log"),
            ]))!;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Kill();
        await Deadline.UntilAsync(Answers, "Redis answers");
    }

    public async Task StopAsync()
    {
        Kill();
        await _process!.WaitForExitAsync(Deadline.Token());
    }

    /// <summary>Runs a command as its administrator.</summary>
    public async Task<RedisResult> ExecuteAsync(string command, params object[] arguments)
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync(ConnectionString + ",allowAdmin=true,name=test");
        return await connection.GetDatabase().ExecuteAsync(command, arguments);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            await StopAsync();
            _process = null;
            process.Dispose();
        }

        Directory.Delete(_directory, recursive: true);
    }

    private void Kill()
    {
        if (_process is { HasExited: false })
            _process.Kill();
    }

    private bool Answers()
    {
        try
        {
            using var client = new TcpClient("127.0.0.1", Port);
            client.GetStream().Write("PING\r\n"u8);
            return client.GetStream().ReadByte() == '+';
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return false;
        }
    }
}
