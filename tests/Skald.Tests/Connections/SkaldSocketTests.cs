using System.Globalization;
using System.Text.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>The Skald socket: how one signs in, every command, and what each is answered.</summary>
public sealed class SkaldSocketTests
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

    [Theory]
    [InlineData("1")]
    [InlineData("-9223372036854775808")]
    [InlineData("9223372036854775807")]
    [InlineData("\"text\"")]
    [InlineData("\"\"")]
    [InlineData("\"ünï \\\"quoted\\\"\"")]
    [InlineData("\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"")]
    public async Task Answer_carries_the_commands_id_back_as_it_was(string id)
    {
        await using var server = await SkaldServer.StartAsync();
        await using var socket = await (await server.RegisterAsync("ann")).ConnectAsync();

        await socket.SendTextAsync($$"""{"type":"ping","id":{{id}}}""");

        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(id), (await socket.ExpectAsync("pong")).GetProperty("re")));
    }

    [Fact]
    public async Task Command_without_an_id_is_done_without_an_answer()
    {
        await using var server = await SkaldServer.StartAsync();
        await using var socket = await (await server.RegisterAsync("ann")).ConnectAsync();

        await socket.SendAsync(new { type = "ping" });
        await socket.SendAsync(new { type = "join", room = "global" });
        await socket.SendAsync(new { type = "resume", rooms = new { tech = 0 } });
        await socket.SendAsync(new { type = "send", room = "global", message = "one" });
        Assert.Equal("one", (await socket.ReceiveAsync()).GetProperty("message").GetString());
        await socket.SendAsync(new { type = "leave", room = "global" });
        await socket.SendAsync(new { type = "send", room = "tech", message = "two" });

        Assert.Equal("two", (await socket.ReceiveAsync()).GetProperty("message").GetString());
    }

    [Fact]
    public async Task Error_comes_also_where_there_is_no_id()
    {
        await using var server = await SkaldServer.StartAsync();
        await using var socket = await (await server.RegisterAsync("ann")).ConnectAsync();

        await socket.SendAsync(new { type = "send", room = "global", message = "" });

        Assert.False((await socket.ExpectErrorAsync("empty_message")).TryGetProperty("re", out _));
    }

    [Fact]
    public async Task Send_needs_no_join_and_its_ack_says_where_the_message_lies()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ann.ConnectAsync();

        var id = await socket.SayAsync("tech", "Hello", "12345678");

        var ack = await socket.ReceiveAsync();
        Assert.Equal(["type", "re", "room", "seq", "timestamp", "duplicate"], ack.EnumerateObject().Select(field => field.Name));
        Assert.Equal(
            (id, "tech", 1),
            (ack.GetProperty("re").GetInt32(), ack.GetProperty("room").GetString(), ack.GetProperty("seq").GetInt64()));
        var stored = Assert.Single(await ann.HistoryAsync("tech"));
        Assert.Equal(ack.GetProperty("timestamp").GetString(), stored.GetProperty("timestamp").GetString());
        Assert.Equal("12345678", stored.GetProperty("client_msg_id").GetString());
    }

    [Fact]
    [Attack("A-35")]
    public async Task Sender_is_the_session_whatever_the_frame_claims()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await server.RegisterAsync("bob");
        await using var socket = await ann.ConnectAsync();

        foreach (var claim in new[] { "username", "user", "user_id", "sender", "seq", "timestamp", "first_seq", "is_admin" })
        {
            await socket.SendTextAsync($$"""{"type":"send","id":1,"room":"global","message":"x","{{claim}}":"bob"}""");
            await socket.ExpectAsync("ack");
        }

        var history = await ann.HistoryAsync("global");
        Assert.Equal(Enumerable.Range(1, 8).Select(seq => (long)seq), history.Select(message => message.GetProperty("seq").GetInt64()));
        Assert.All(history, message => Assert.Equal("ann", message.GetProperty("username").GetString()));
    }

    [Fact]
    public async Task Leave_ends_the_rooms_messages_and_needs_no_join_before()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ann.JoinAsync("one", "two");

        await socket.SendAsync(new { type = "leave", id = 9, room = "one" });
        var left = await socket.ExpectAsync("left");
        (await ann.PublishAsync("one", "not for us")).EnsureSuccessStatusCode();
        (await ann.PublishAsync("two", "for us")).EnsureSuccessStatusCode();

        Assert.Equal((9, "one"), (left.GetProperty("re").GetInt32(), left.GetProperty("room").GetString()));
        Assert.Equal("for us", (await socket.ReceiveAsync()).GetProperty("message").GetString());
        await socket.SendAsync(new { type = "leave", id = 10, room = "never-joined" });
        Assert.Equal(10, (await socket.ExpectAsync("left")).GetProperty("re").GetInt32());
    }

    [Fact]
    public async Task Joining_again_moves_the_cursor()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ann.JoinAsync("global");
        for (var n = 1; n <= 3; n++)
            (await ann.PublishAsync("global", $"{n}")).EnsureSuccessStatusCode();
        Assert.Equal(["1", "2", "3"], await socket.ReceiveMessagesAsync(3));

        await socket.JoinAsync("global", since: 1);
        Assert.Equal(["2", "3"], await socket.ReceiveMessagesAsync(2));
        (await ann.PublishAsync("global", "4")).EnsureSuccessStatusCode();
        Assert.Equal("4", (await socket.ExpectAsync("chat_message")).GetProperty("message").GetString());

        await socket.JoinAsync("global");
        (await ann.PublishAsync("global", "5")).EnsureSuccessStatusCode();
        Assert.Equal("5", (await socket.ExpectAsync("chat_message")).GetProperty("message").GetString());
    }

    [Fact]
    public async Task Resume_answers_for_each_room_and_goes_on_in_each()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        foreach (var (room, count) in new[] { ("one", 3), ("two", 2) })
        {
            for (var n = 1; n <= count; n++)
                (await ann.PublishAsync(room, $"{room} {n}")).EnsureSuccessStatusCode();
        }

        await using var socket = await ann.ConnectAsync();
        await socket.SendTextAsync("""{"type":"resume","id":"r","rooms":{"one":1,"no.such":4,"two":2,"three":0}}""");

        var answers = new List<JsonElement>();
        var messages = new List<string>();
        while (answers.Count < 4 || messages.Count < 2)
        {
            var frame = await socket.ReceiveAsync();
            if (frame.GetProperty("type").GetString() == "chat_message")
                messages.Add(frame.GetProperty("message").GetString()!);
            else
                answers.Add(frame);
        }

        Assert.Equal(["one 2", "one 3"], messages);
        Assert.All(answers, answer => Assert.Equal("r", answer.GetProperty("re").GetString()));
        Assert.Equal(
            ["joined one", "error no.such", "joined two", "joined three"],
            answers.Select(answer => $"{answer.GetProperty("type").GetString()} {answer.GetProperty("room").GetString()}"));
        Assert.Equal("room_not_found", answers[1].GetProperty("code").GetString());
    }

    [Fact]
    public async Task Position_ahead_of_the_room_is_told_and_live_messages_follow()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        (await ann.PublishAsync("global", "1")).EnsureSuccessStatusCode();
        await using var socket = await ann.ConnectAsync();

        var joined = await socket.JoinAsync("global", since: 2);
        (await ann.PublishAsync("global", "2")).EnsureSuccessStatusCode();

        Assert.False(joined.GetProperty("complete").GetBoolean());
        Assert.Equal((1, 1), (joined.GetProperty("seq").GetInt64(), joined.GetProperty("since").GetInt64()));
        Assert.Equal(["2"], await socket.ReceiveMessagesAsync(1));
    }

    [Fact]
    public async Task Position_of_another_epoch_is_told_and_the_own_epoch_goes_on()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        (await ann.PublishAsync("global", "1")).EnsureSuccessStatusCode();
        await using var socket = await ann.ConnectAsync();

        var lost = await socket.JoinAsync("global", since: 0, epoch: "another");
        var held = await socket.JoinAsync("global", since: 0, epoch: lost.GetProperty("epoch").GetString());

        Assert.False(lost.GetProperty("complete").GetBoolean());
        Assert.Equal(1, lost.GetProperty("since").GetInt64());
        Assert.True(held.GetProperty("complete").GetBoolean());
        Assert.Equal(["1"], await socket.ReceiveMessagesAsync(1));
    }

    [Fact]
    public async Task Log_that_no_longer_reaches_back_goes_on_from_its_oldest_message_and_says_so()
    {
        using var data = new TestDirectory();
        await using (var before = await SkaldServer.StartAsync(data: data.Path))
        {
            var ann = await before.RegisterAsync("ann");
            for (var n = 1; n <= 6; n++)
                (await ann.PublishAsync("global", $"{n}")).EnsureSuccessStatusCode();
            await before.StopAsync();
        }

        // What retention will do one day.
        data.Execute("DELETE FROM messages WHERE seq < 4; UPDATE rooms SET first_seq = 4 WHERE name = 'global'");
        await using var server = await SkaldServer.StartAsync(data: data.Path);
        var back = await server.LoginAsync("ann");
        await using var socket = await back.ConnectAsync();

        var trimmed = await socket.JoinAsync("global", since: 1);
        Assert.Equal((false, 3, 4, 6), (
            trimmed.GetProperty("complete").GetBoolean(), trimmed.GetProperty("since").GetInt64(),
            trimmed.GetProperty("first_seq").GetInt64(), trimmed.GetProperty("seq").GetInt64()));
        Assert.Equal(["4", "5", "6"], await socket.ReceiveMessagesAsync(3));

        var justHeld = await socket.JoinAsync("global", since: 3);
        Assert.True(justHeld.GetProperty("complete").GetBoolean());
        Assert.Equal(["4", "5", "6"], await socket.ReceiveMessagesAsync(3));
        Assert.Equal(4, (await back.HistoryAsync("global", "?after=0"))[0].GetProperty("seq").GetInt64());
    }

    [Fact]
    public async Task Frame_of_bytes_is_refused_with_1003()
    {
        await using var server = await SkaldServer.StartAsync();
        await using var socket = await (await server.RegisterAsync("ann")).ConnectAsync();

        await socket.SendBinaryAsync([1, 2, 3]);

        Assert.Equal(1003, (await socket.ExpectAsync("closing")).GetProperty("code").GetInt32());
        Assert.Equal(1003, await socket.ExpectCloseAsync());
    }

    [Fact]
    public async Task Who_closes_is_answered_with_the_same_code()
    {
        await using var server = await SkaldServer.StartAsync();
        await using var socket = await (await server.RegisterAsync("ann")).ConnectAsync();

        await socket.CloseAsync();

        Assert.Equal(1000, (int)socket.CloseStatus!.Value);
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
