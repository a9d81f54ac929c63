using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>How many sockets and handshakes a user, an address and the node may have.</summary>
public sealed class AdmissionTests
{
    [Theory]
    [InlineData("/ws/?token={access}")]
    [InlineData("/ws/chat/global/?token={access}")]
    [InlineData("/ws/chat/global/?token={access}&since=0")]
    [Attack("A-13")]
    public async Task One_socket_too_many_of_a_user_is_closed_with_4409_and_the_others_are_unharmed(string address)
    {
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true"), ("Limits:ConnectionsPerUser", "2")]);
        var ann = await server.RegisterAsync("ann");
        var elsewhere = await server.LoginAsync("ann");
        await using var first = await ann.JoinAsync("global");
        await using var second = await elsewhere.ConnectAsync();

        await using var third =
            await ChatSocket.OpenAsync(server.SocketAddress(address.Replace("{access}", ann.Access, StringComparison.Ordinal)));

        Assert.Equal(4409, (await third.ExpectAsync("closing")).GetProperty("code").GetInt32());
        Assert.Equal(4409, await third.ExpectCloseAsync());
        await third.CloseAsync();
        await first.SayAsync("global", "still here");
        Assert.Equal(["still here"], await first.ReceiveMessagesAsync(1));

        await second.CloseAsync();
        await Deadline.UntilAsync(() => server.Services.CountSockets() == 1, "the closed sockets are forgotten");
        await using var fourth = await ann.ConnectAsync();
    }

    [Fact]
    public async Task Socket_too_many_that_authenticates_by_a_frame_is_closed_with_4409_too()
    {
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true"), ("Limits:ConnectionsPerUser", "1")]);
        var ann = await server.RegisterAsync("ann");
        await using var first = await ann.ConnectAsync();
        await using var second = await ChatSocket.OpenAsync(server.SocketAddress("/ws/"));

        await second.SendAsync(new { type = "auth", id = 1, token = ann.Access });

        Assert.Equal(4409, await second.ExpectCloseAsync());
    }

    [Theory]
    [InlineData("Limits:ConnectionsPerAddress", 429, "rate_limited")]
    [InlineData("Limits:Connections", 503, "overloaded")]
    [Attack("A-13")]
    public async Task Socket_too_many_of_an_address_or_the_node_is_refused_before_the_upgrade(string limit, int status, string code)
    {
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true"), (limit, "3")]);
        var ann = await server.RegisterAsync("ann");
        var sockets = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => ann.JoinAsync("global")));

        var refused = await RawHttp.HandshakeAsync(server.Address, $"/ws/?token={ann.Access}");

        Assert.Equal((status, code), (refused.Status, refused.Code));
        Assert.Equal("10", Assert.Single(refused.Headers["Retry-After"]));
        await sockets[0].SayAsync("global", "still here");
        foreach (var socket in sockets)
            Assert.Equal(["still here"], await socket.ReceiveMessagesAsync(1));

        await sockets[2].CloseAsync();
        await Deadline.UntilAsync(() => server.Services.CountSockets() == 2, "the closed socket is forgotten");
        await using var next = await ann.ConnectAsync();
        foreach (var socket in sockets)
            await socket.DisposeAsync();
    }

    [Fact]
    public async Task Handshakes_that_are_refused_leave_no_place_taken()
    {
        await using var server = await SkaldServer.StartAsync(
            [("Limits:Enabled", "true"), ("Limits:Connections", "2"), ("Limits:HandshakesPerAddress", "0")]);
        var ann = await server.RegisterAsync("ann");

        for (var i = 0; i < 5; i++)
            Assert.Equal(403, (await RawHttp.HandshakeAsync(server.Address, "/ws/?token=wrong")).Status);

        await using var socket = await ann.ConnectAsync();
    }

    [Fact]
    public async Task Handshakes_of_one_address_have_a_burst_and_a_rate()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true"), ("Limits:HandshakeBurst", "5")], clock);

        for (var i = 0; i < 5; i++)
            Assert.Equal(403, (await RawHttp.HandshakeAsync(server.Address, "/ws/?token=wrong")).Status);
        var refused = await RawHttp.HandshakeAsync(server.Address, "/ws/?token=wrong");
        clock.Advance(TimeSpan.FromMilliseconds(100));   // 10 a second
        var later = await RawHttp.HandshakeAsync(server.Address, "/ws/?token=wrong");

        Assert.Equal((429, "rate_limited"), (refused.Status, refused.Code));
        Assert.Equal("1", Assert.Single(refused.Headers["Retry-After"]));
        Assert.Equal(403, later.Status);
    }

    [Fact]
    public async Task Handshakes_of_the_node_have_a_rate()
    {
        await using var server = await SkaldServer.StartAsync(
            [("Limits:Enabled", "true"), ("Limits:Handshakes", "2"), ("Limits:HandshakesPerAddress", "0")], new FakeClock());

        for (var i = 0; i < 4; i++)
            Assert.Equal(403, (await RawHttp.HandshakeAsync(server.Address, "/ws/?token=wrong")).Status);
        var refused = await RawHttp.HandshakeAsync(server.Address, "/ws/?token=wrong");

        Assert.Equal((503, "overloaded"), (refused.Status, refused.Code));
        Assert.Equal("1", Assert.Single(refused.Headers["Retry-After"]));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("127.0.0.0/8", false)]
    [InlineData("10.0.0.0/8", true)]
    [Attack("A-16")]
    public async Task Forwarded_address_counts_only_where_a_trusted_proxy_says_it(string? proxy, bool socketsOwn)
    {
        (string, string)[] settings = proxy is null ? [] : [("TrustedProxies:0", proxy)];
        await using var server = await SkaldServer.StartAsync(
            [("Limits:Enabled", "true"), ("Limits:HandshakeBurst", "1"), .. settings],
            new FakeClock());

        var first = await RawHttp.HandshakeAsync(server.Address, "/ws/?token=wrong", "X-Forwarded-For: 203.0.113.1");
        var other = await RawHttp.HandshakeAsync(server.Address, "/ws/?token=wrong", "X-Forwarded-For: 203.0.113.2");
        var spoofed = await RawHttp.HandshakeAsync(server.Address, "/ws/?token=wrong", "X-Forwarded-For: 198.51.100.7, 203.0.113.2");

        Assert.Equal(403, first.Status);
        Assert.Equal(socketsOwn ? 429 : 403, other.Status);
        Assert.Equal(429, spoofed.Status);   // the right-most hop that is not trusted is who it is
    }
}
