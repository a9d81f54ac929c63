using System.Globalization;
using Microsoft.Extensions.Options;
using Skald.Server.Cluster;
using Skald.Server.Cluster.Redis;
using Skald.Server.Storage.Postgres;
using Skald.Tests.Harness;
using PostgresServer = Skald.Tests.Harness.PostgresServer;

namespace Skald.Tests.Cluster;

/// <summary>A server that is a bus, and what happens to it.</summary>
internal abstract class BusServer : IAsyncDisposable
{
    public abstract int Port { get; }

    /// <param name="port">Of what stands before it; null for its own.</param>
    public abstract IBus NewBus(int? port = null);

    /// <returns>Of another log at the same server.</returns>
    public abstract Task<IBus> NewStrangerAsync();

    public abstract Task PublishAsync(string payload);

    /// <summary>Cuts all connections of the nodes.</summary>
    public abstract Task CutAsync();

    public abstract Task StopAsync();

    public abstract Task StartAgainAsync();

    public abstract ValueTask DisposeAsync();
}

internal sealed class PostgresBusServer : BusServer
{
    private readonly PostgresServer _server;
    private readonly bool _own;
    private readonly List<string> _databases;

    private PostgresBusServer(PostgresServer server, bool own, string database) =>
        (_server, _own, _databases) = (server, own, [database]);

    public override int Port => _server.Port;

    public PostgresServer Server => _server;

    /// <param name="own">Whether it is to be stopped.</param>
    public static async Task<PostgresBusServer> StartAsync(bool own) => own
        ? new(await PostgresServer.StartAsync(), own, "postgres")
        : new(await SharedPostgres.GetAsync(), own, await SharedPostgres.RentAsync());

    public override IBus NewBus(int? port = null) => NewBus(_databases[0], port ?? Port);

    public override async Task<IBus> NewStrangerAsync()
    {
        _databases.Add(await SharedPostgres.RentAsync());
        return NewBus(_databases[^1], Port);
    }

    public override Task PublishAsync(string payload) => _server.ExecuteAsync(_databases[0], $"SELECT pg_notify('skald', '{payload}')");

    public override Task CutAsync() => _server.ExecuteAsync(
        _databases[0],
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name IN ('skald announce', 'skald listen')
        """);

    public override Task StopAsync() => _server.StopAsync();

    public override Task StartAgainAsync() => _server.StartAgainAsync();

    public override async ValueTask DisposeAsync()
    {
        if (_own)
        {
            await _server.DisposeAsync();
            return;
        }

        foreach (var database in _databases)
            await SharedPostgres.ReturnAsync(database);
    }

    private static PostgresBus NewBus(string database, int port) => new(
        new(string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={port};Username=skald;Database={database}")));
}

internal sealed class RedisBusServer : BusServer
{
    private readonly RedisServer _server;

    private RedisBusServer(RedisServer server) => _server = server;

    public override int Port => _server.Port;

    public static async Task<RedisBusServer> StartAsync() => new(await RedisServer.StartAsync());

    public override IBus NewBus(int? port = null) => NewBus("epoch", port ?? Port);

    public override Task<IBus> NewStrangerAsync() => Task.FromResult<IBus>(NewBus("another", Port));

    public override Task PublishAsync(string payload) => _server.ExecuteAsync("PUBLISH", "skald:epoch", payload);

    public override async Task CutAsync()
    {
        await _server.ExecuteAsync("CLIENT", "KILL", "TYPE", "pubsub");
        await _server.ExecuteAsync("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    }

    public override Task StopAsync() => _server.StopAsync();

    public override Task StartAgainAsync() => _server.StartAgainAsync();

    public override ValueTask DisposeAsync() => _server.DisposeAsync();

    private static RedisBus NewBus(string epoch, int port) => new(
        Options.Create(new ClusterOptions
        {
            Bus = ClusterOptions.ByRedis,
            Redis = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"),
        }),
        epoch);
}
