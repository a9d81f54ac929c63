using Skald.Tests.Harness;

namespace Skald.Tests.Transport;

/// <summary>What one address may hold of the connections that speak HTTP.</summary>
public sealed class ConnectionsByAddressTests
{
    [Fact]
    [Attack("A-13")]
    public async Task Address_with_too_many_connections_loses_the_one_that_was_silent_longest_and_no_socket()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(
            [("Limits:Enabled", "true"), ("Limits:RequestConnectionsPerAddress", "3")],
            clock);
        var sockets = new List<RawHttp>();
        for (var n = 0; n < 5; n++)
            sockets.Add(await RawHttp.UpgradeAsync(server.Address, "/ws/"));
        var held = new List<RawHttp>();
        for (var n = 0; n < 3; n++)
            held.Add(await AskAsync(server, clock, await RawHttp.OpenAsync(server.Address)));
        await AskAsync(server, clock, held[0]);

        using var another = await AskAsync(server, clock, await RawHttp.OpenAsync(server.Address));

        await held[1].ExpectEndAsync();
        foreach (var alive in new[] { held[0], held[2], another })
            await AskAsync(server, clock, alive);
        foreach (var socket in sockets)
        {
            await socket.SendTextAsync("""{"type":"ping","id":1}""");
            await socket.SkipToAsync("error");
        }

        foreach (var connection in held.Concat(sockets))
            connection.Dispose();
    }

    [Fact]
    public async Task Trusted_proxy_may_have_any_number()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(
            [("Limits:Enabled", "true"), ("Limits:RequestConnectionsPerAddress", "3"), ("TrustedProxies", "127.0.0.0/8")], clock);
        var held = new List<RawHttp>();
        for (var n = 0; n < 10; n++)
            held.Add(await AskAsync(server, clock, await RawHttp.OpenAsync(server.Address)));

        foreach (var connection in held)
        {
            await AskAsync(server, clock, connection);
            connection.Dispose();
        }
    }

    private static async Task<RawHttp> AskAsync(SkaldServer server, FakeClock clock, RawHttp connection)
    {
        clock.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(200, (await connection.AskAsync(server.Address, "GET /healthz", [], body: "")).Status);
        return connection;
    }
}
