using Skald.Bench.Machine;

namespace Skald.Bench.Targets;

/// <summary>A target as it runs: a node or several of them, and what they stand on.</summary>
internal sealed class Deployment : IAsyncDisposable
{
    private readonly List<RunningTarget> _nodes = [];
    private PostgresServer? _postgres;
    private RedisServer? _redis;

    private Deployment()
    {
    }

    public IReadOnlyList<RunningTarget> Nodes => _nodes;

    /// <summary>User and system time of all nodes, in nanoseconds.</summary>
    public long NodesCpu => _nodes.Sum(node => ProcessUsage.CpuTime(node.ProcessId));

    /// <summary>That of PostgreSQL's processes; 0 where there is none.</summary>
    public long PostgresCpu => _postgres is null ? 0 : ProcessUsage.CpuTimeWithChildren(_postgres.ProcessId);

    /// <summary>That of Redis; null where the nodes have none.</summary>
    public long? RedisCpu => _redis is null ? null : ProcessUsage.CpuTime(_redis.ProcessId);

    public static async Task<Deployment> StartAsync(Target target, int nodes, ServerOptions options, CancellationToken cancellation)
    {
        var deployment = new Deployment();
        try
        {
            if (target.NeedsPostgres)
                deployment._postgres = await PostgresServer.StartAsync(options.Cores, cancellation);
            if (target.NeedsRedis)
                deployment._redis = await RedisServer.StartAsync(options.Cores, cancellation);
            for (var node = 0; node < nodes; node++)
            {
                // One after the other: the first makes the tables.
                var place = new NodePlace(
                    ServerProcess.FreePort(), options.Workspace.NewDataDirectory(), deployment._postgres, deployment._redis);
                var accounts = deployment._nodes.FirstOrDefault()?.Accounts;
                deployment._nodes.Add(await RunningTarget.StartAsync(target, place, accounts, options, cancellation));
            }

            return deployment;
        }
        catch
        {
            await deployment.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
        if (_redis is { } redis)
            await redis.DisposeAsync();
        if (_postgres is { } postgres)
            await postgres.DisposeAsync();
    }
}
