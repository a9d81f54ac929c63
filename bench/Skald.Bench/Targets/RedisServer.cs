using System.Globalization;
using Skald.Bench.Machine;

namespace Skald.Bench.Targets;

/// <summary>A Redis of the bench's own, on a free port, that keeps nothing.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    public const string Program = "redis-server";

    private readonly int _port;
    private readonly ServerProcess _process;

    private RedisServer(int port, ServerProcess process) => (_port, _process) = (port, process);

    public string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_port}");

    public int ProcessId => _process.Id;

    public static async Task<RedisServer> StartAsync(CoreList cores, CancellationToken cancellation)
    {
        var port = ServerProcess.FreePort();
        string[] commandLine =
        [
            Program, "--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1",
            "--save", "", "--appendonly", "no",
        ];
        var process = ServerProcess.Start("Redis", cores, commandLine, new Dictionary<string, string>());
        var server = new RedisServer(port, process);
        try
        {
            await process.UntilAsync(() => ServerProcess.ListensAsync(port, cancellation), cancellation);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
