using Microsoft.Extensions.DependencyInjection;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>The network of the other tests, held against what it says it does.</summary>
public sealed class FaultProxyTests
{
    [Fact]
    public async Task Late_slow_and_jittery_network_changes_neither_bytes_nor_their_order()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var proxy = new FaultProxy(
            server.Address,
            Seed.Next(nameof(Late_slow_and_jittery_network_changes_neither_bytes_nor_their_order)));
        (proxy.Up.Latency, proxy.Up.Jitter) = (TimeSpan.FromMilliseconds(3), TimeSpan.FromMilliseconds(5));
        (proxy.Down.Jitter, proxy.Down.BytesPerSecond) = (TimeSpan.FromMilliseconds(5), 200_000);
        using var socket = await RawWebSocket.OpenAsync(proxy.Through(server.SocketAddress($"/ws/?token={ann.Access}")));
        await socket.ReadAsync();

        for (var i = 0; i < 40; i++)
            await socket.SendAsync(WireFrame.OfText($$"""{"type":"ping","id":{{i}}}""".PadRight(1 + i * 50)));
        for (var i = 0; i < 40; i++)
            Assert.Equal($$"""{"type":"pong","re":{{i}}}""", (await socket.ReadAsync())!.Text);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cut_link_ends_at_both_ends(bool reset)
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var proxy = new FaultProxy(server.Address, seed: 1);
        using var socket = await RawWebSocket.OpenAsync(proxy.Through(server.SocketAddress($"/ws/?token={ann.Access}")));
        await socket.ReadAsync();

        proxy.LinkOf(socket.LocalEndPoint.Port).Cut(reset);

        Assert.Null(await socket.ReadAsync());
    }

    [Fact]
    public async Task Black_hole_takes_everything_and_gives_nothing_until_it_is_closed()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var proxy = new FaultProxy(server.Address, seed: 1);
        using var socket = await RawWebSocket.OpenAsync(proxy.Through(server.SocketAddress($"/ws/?token={ann.Access}")));
        await socket.ReadAsync();

        proxy.Up.Swallows = true;
        await socket.SendAsync(WireFrame.Ping("lost"));
        // Only once the first has gone in does the way open again: the order of a single connection tells.
        await Deadline.UntilAsync(() => proxy.LinkOf(socket.LocalEndPoint.Port).Swallowed > 0, "the ping is swallowed");
        proxy.Up.Swallows = false;
        await socket.SendAsync(WireFrame.Ping("arrives"));

        Assert.Equal("pong arrives", (await socket.ReadAsync())!.ToString());
    }

    [Fact]
    public async Task Half_open_link_ends_at_the_server_and_the_client_hears_nothing()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var proxy = new FaultProxy(server.Address, seed: 1);
        using var socket = await RawWebSocket.OpenAsync(proxy.Through(server.SocketAddress($"/ws/?token={ann.Access}")));
        await socket.ReadAsync();

        proxy.LinkOf(socket.LocalEndPoint.Port).HalfOpen();

        var registry = server.Services.GetRequiredService<Server.Connections.ConnectionRegistry>();
        await Deadline.UntilAsync(() => registry.Count == 0, "the server lets go");
        using var hush = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => socket.ReadAsync(hush.Token));
    }
}
