using System.Globalization;
using System.Text.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>The Skald socket: how one signs in, and whose it is from then on.</summary>
public sealed class SocketSignInTests
{
    [Theory]
    [InlineData("/ws/?token={access}")]
    [InlineData("/ws?token={access}")]
    [InlineData("/ws/?ticket={ticket}")]
    public async Task Credential_in_the_address_makes_it_ready_at_once(string address)
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        address = address.Replace("{access}", ann.Access, StringComparison.Ordinal)
            .Replace("{ticket}", await ann.TicketAsync(), StringComparison.Ordinal);

        await using var socket = await ChatSocket.OpenAsync(server.SocketAddress(address));

        AssertReady(await socket.ReceiveAsync(), "ann", re: null);
    }

    [Fact]
    public async Task Credential_in_the_header_makes_it_ready_at_once()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");

        await using var socket = await ChatSocket.OpenAsync(server.SocketAddress("/ws/"), ("Authorization", $"Bearer {ann.Access}"));

        AssertReady(await socket.ReceiveAsync(), "ann", re: null);
    }

    [Fact]
    public async Task First_frame_may_bring_the_credential_instead()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ChatSocket.OpenAsync(server.SocketAddress("/ws/"));

        await socket.SendAsync(new { type = "auth", id = "first", token = ann.Access });

        AssertReady(await socket.ReceiveAsync(), "ann", re: "first");
    }

    [Theory]
    [InlineData("?token=wrong")]
    [InlineData("?token={refresh}")]
    [InlineData("?ticket=wrong")]
    public async Task Invalid_credential_is_refused_with_403_before_the_upgrade(string query)
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");

        var answer = await RawHttp.HandshakeAsync(
            server.Address,
            "/ws/" + query.Replace("{refresh}", ann.Refresh, StringComparison.Ordinal));

        Assert.Equal((403, "token_not_valid"), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task Ticket_is_good_for_30_s()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        var ann = await server.RegisterAsync("ann");
        var (inTime, late) = (await ann.TicketAsync(), await ann.TicketAsync());

        clock.Advance(TimeSpan.FromSeconds(29));
        await using var socket = await ChatSocket.OpenAsync(server.SocketAddress($"/ws/?ticket={inTime}"));
        await socket.ExpectAsync("ready");
        clock.Advance(TimeSpan.FromSeconds(1));

        var answer = await RawHttp.HandshakeAsync(server.Address, $"/ws/?ticket={late}");
        Assert.Equal((403, "token_not_valid"), (answer.Status, answer.Code));
    }

    [Fact]
    [Attack("A-4")]
    public async Task One_ticket_presented_by_twenty_at_once_opens_one_socket()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        var ticket = await ann.TicketAsync();

        var answers =
            await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => RawHttp.HandshakeAsync(server.Address, $"/ws/?ticket={ticket}")));

        Assert.Equal([101, .. Enumerable.Repeat(403, 19)], answers.Select(answer => answer.Status).Order());
    }

    [Fact]
    public async Task Who_does_not_authenticate_within_10_s_is_closed_with_4401()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        await using var socket = await ChatSocket.OpenAsync(server.SocketAddress("/ws/"));
        await socket.SendAsync(new { type = "ping", id = 1 });
        await socket.ExpectErrorAsync("not_authenticated");   // not yet; and the server has taken note of the socket

        clock.Advance(TimeSpan.FromSeconds(12));

        Assert.Equal(4401, (await socket.ExpectAsync("closing")).GetProperty("code").GetInt32());
        Assert.Equal(4401, await socket.ExpectCloseAsync());
    }

    [Theory]
    [InlineData("""{"type":"join","id":7,"room":"global"}""")]
    [InlineData("""{"type":"resume","id":7,"rooms":{"global":0}}""")]
    [InlineData("""{"type":"leave","id":7,"room":"global"}""")]
    [InlineData("""{"type":"send","id":7,"room":"global","message":"Hi"}""")]
    [InlineData("""{"type":"ping","id":7}""")]
    public async Task Command_before_auth_is_refused_and_auth_may_still_follow(string frame)
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ChatSocket.OpenAsync(server.SocketAddress("/ws/"));

        await socket.SendTextAsync(frame);
        var refusal = await socket.ExpectErrorAsync("not_authenticated");
        await socket.SendAsync(new { type = "auth", token = ann.Access });

        Assert.Equal(7, refusal.GetProperty("re").GetInt32());
        await socket.ExpectAsync("ready");
        Assert.Empty(await ann.HistoryAsync("global"));
    }

    [Fact]
    public async Task Auth_with_an_invalid_token_is_answered_and_closes_with_4401()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ChatSocket.OpenAsync(server.SocketAddress("/ws/"));

        await socket.SendAsync(new { type = "auth", id = 1, token = ann.Refresh });

        await socket.ExpectErrorAsync("token_not_valid");
        Assert.False((await socket.ExpectAsync("closing")).GetProperty("reconnect").GetBoolean());
        Assert.Equal(4401, await socket.ExpectCloseAsync());
    }

    [Fact]
    public async Task Socket_stays_with_the_session_that_opened_it()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        var bob = await server.RegisterAsync("bob");
        var annElsewhere = await server.LoginAsync("ann");
        await using var socket = await ann.ConnectAsync();

        await socket.SendAsync(new { type = "auth", id = 1, token = ann.Access });
        AssertReady(await socket.ReceiveAsync(), "ann", re: 1);
        foreach (var other in new[] { bob, annElsewhere })
        {
            await socket.SendAsync(new { type = "auth", id = 2, token = other.Access });
            await socket.ExpectErrorAsync("forbidden");
        }

        await socket.SendAsync(new { type = "auth", id = 3, token = "wrong" });
        await socket.ExpectErrorAsync("token_not_valid");

        await socket.SayAsync("global", "still ann");
        await socket.ExpectAsync("ack");
        Assert.Equal("ann", Assert.Single(await ann.HistoryAsync("global")).GetProperty("username").GetString());
    }

    private static void AssertReady(JsonElement ready, string username, object? re)
    {
        string[] fields = re is null
            ? ["type", "user", "epoch", "ping_interval", "limits"]
            : ["type", "re", "user", "epoch", "ping_interval", "limits"];
        Assert.Equal(fields, ready.EnumerateObject().Select(field => field.Name));
        Assert.Equal("ready", ready.GetProperty("type").GetString());
        Assert.Equal(username, ready.GetProperty("user").GetProperty("username").GetString());
        Assert.InRange(ready.GetProperty("user").GetProperty("id").GetInt64(), 1, long.MaxValue);
        Assert.NotEmpty(ready.GetProperty("epoch").GetString()!);
        Assert.Equal(15_000, ready.GetProperty("ping_interval").GetInt32());
        var limits = ready.GetProperty("limits");
        Assert.Equal((4_000, 8_000, 16_384), (
            limits.GetProperty("message_code_points").GetInt32(), limits.GetProperty("message_bytes").GetInt32(),
            limits.GetProperty("frame_bytes").GetInt32()));
        if (re is not null)
            Assert.Equal(Convert.ToString(re, CultureInfo.InvariantCulture), ready.GetProperty("re").ToString());
    }
}
