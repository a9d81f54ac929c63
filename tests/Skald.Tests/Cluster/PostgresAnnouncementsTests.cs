using Npgsql;
using Skald.Tests.Harness;

namespace Skald.Tests.Cluster;

public sealed class PostgresAnnouncementsTests : AnnouncementsContract
{
    private protected override async Task<BusServer> StartAsync(bool own = false) => await PostgresBusServer.StartAsync(own);

    [Fact]
    public async Task Connections_have_the_settings_they_need_whatever_the_defaults_of_PostgreSQL_are()
    {
        await using var server = await PostgresBusServer.StartAsync(own: true);
        // Each backend that ends says how long it lived; who is idle for 1 s is ended.
        await server.Server.ExecuteAsync("postgres", "ALTER SYSTEM SET idle_session_timeout = '1s'");
        await server.Server.ExecuteAsync("postgres", "SELECT pg_reload_conf()");
        await using var node = new TestNode(server.NewBus());
        await node.OpenAsync();
        await using var idle = new NpgsqlConnection(server.Server.ConnectionString("postgres") + ";Pooling=false");
        await idle.OpenAsync(Deadline.Token());

        await Deadline.UntilAsync(
            () => server.Server.Log.Contains("terminating connection due to idle-session timeout", StringComparison.Ordinal),
            "PostgreSQL ends who is idle");
        await Task.Delay(TimeSpan.FromSeconds(2), Deadline.Token());   // by PostgreSQL's clock: twice as long

        Assert.Equal((1, 1), (node.Bus.Opened, node.Missed));
    }
}
