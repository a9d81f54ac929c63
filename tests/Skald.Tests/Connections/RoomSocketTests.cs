using System.Text.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>The Django project's room socket, as docs/protocol has it: its clients work unchanged.</summary>
[BothEngines]
public sealed class RoomSocketTests
{
    [Fact]
    public async Task Everyone_in_the_room_receives_what_one_says_and_so_does_the_sender()
    {
        await using var server = await SkaldServer.StartAsync();
        await using var bob = await (await server.RegisterAsync("bob")).OpenRoomAsync("global", "&since=0");
        await bob.ExpectAsync("joined");
        await using var ann = await (await server.RegisterAsync("ann")).OpenRoomAsync("global");

        await ann.SendTextAsync("""{"message": "Hello world"}""");

        foreach (var member in new[] { ann, bob })
        {
            var received = await member.ReceiveAsync();
            Assert.Equal(
                ["type", "room", "seq", "username", "message", "timestamp", "version"],
                received.EnumerateObject().Select(field => field.Name));
            Assert.Equal("chat_message", received.GetProperty("type").GetString());
            Assert.Equal("global", received.GetProperty("room").GetString());
            Assert.Equal("Hello world", received.GetProperty("message").GetString());
            Assert.Equal("ann", received.GetProperty("username").GetString());
            Assert.Equal(1, received.GetProperty("seq").GetInt64());
            Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", received.GetProperty("timestamp").GetString());
        }
    }

    [Fact]
    public async Task Who_asks_for_no_position_is_sent_messages_only_and_who_asks_for_one_is_sent_every_entry()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var plain = await ann.OpenRoomAsync("global");
        await using var resuming = await ann.OpenRoomAsync("global", "&since=0");
        await using var writer = await ann.ConnectAsync();

        await writer.SayAsync("global", "one");
        await writer.SendAsync(new { type = "edit", id = 2, room = "global", seq = 1, message = "two" });
        await writer.SayAsync("global", "three");

        await resuming.ExpectAsync("joined");
        Assert.Equal(["chat_message", "entry", "chat_message"], await TypesAsync(resuming, 3));
        Assert.Equal(["chat_message", "chat_message"], await TypesAsync(plain, 2));

        static async Task<string[]> TypesAsync(ChatSocket socket, int count)
        {
            var types = new string[count];
            for (var n = 0; n < count; n++)
                types[n] = (await socket.ReceiveAsync()).GetProperty("type").GetString()!;
            return types;
        }
    }

    [Fact]
    public async Task Rooms_do_not_hear_each_other()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var one = await ann.OpenRoomAsync("room_1", "&since=0");
        await using var two = await ann.OpenRoomAsync("Room_1", "&since=0");
        await one.ExpectAsync("joined");
        await two.ExpectAsync("joined");

        await two.SendTextAsync("""{"message":"in two"}""");
        await two.ExpectAsync("chat_message");
        await one.SendTextAsync("""{"message":"in one"}""");

        Assert.Equal("in one", (await one.ReceiveAsync()).GetProperty("message").GetString());
    }

    [Theory]
    [InlineData("""{"message":""}""")]
    [InlineData("""{"message":null}""")]
    [InlineData("{}")]
    [InlineData("""{"type":"typing"}""")]
    [InlineData("""{"type":"join","room":"elsewhere"}""")]
    [InlineData("""{"type":"send","room":"elsewhere"}""")]
    public async Task Frame_without_a_text_is_passed_over_in_silence(string frame)
    {
        await using var server = await SkaldServer.StartAsync();
        await using var ann = await (await server.RegisterAsync("ann")).OpenRoomAsync("global");

        await ann.SendTextAsync(frame);
        await ann.SendTextAsync("""{"message":"after it"}""");

        Assert.Equal("after it", (await ann.ReceiveAsync()).GetProperty("message").GetString());
    }

    [Fact]
    [Attack("A-35")]
    public async Task Address_names_the_room_whatever_the_frame_says()
    {
        await using var server = await SkaldServer.StartAsync();
        await using var ann = await (await server.RegisterAsync("ann")).OpenRoomAsync("global");

        await ann.SendTextAsync(
            """{"message":"Hi","room":"elsewhere","username":"bob","user_id":99,"seq":7,"timestamp":"1970-01-01T00:00:00Z"}""");

        var received = await ann.ReceiveAsync();
        Assert.Equal("global", received.GetProperty("room").GetString());
        Assert.Equal("ann", received.GetProperty("username").GetString());
        Assert.Equal(1, received.GetProperty("seq").GetInt64());
        Assert.NotEqual(1970, received.GetProperty("timestamp").GetDateTimeOffset().Year);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?token=")]
    [InlineData("?token=wrong")]
    [InlineData("?token={refresh}")]
    [InlineData("?token={access}x")]
    [InlineData("?ticket={access}")]
    [InlineData("?ticket=")]
    [InlineData("?room=global")]
    public async Task Without_a_valid_access_token_the_handshake_is_answered_403(string query)
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        query = query.Replace("{refresh}", ann.Refresh, StringComparison.Ordinal).Replace("{access}", ann.Access, StringComparison.Ordinal);

        var answer = await RawHttp.HandshakeAsync(server.Address, $"/ws/chat/global/{query}");

        Assert.Equal(403, answer.Status);
        Assert.Equal(query is "" or "?token=" or "?room=global" ? "not_authenticated" : "token_not_valid", answer.Code);
        Assert.Empty(answer.Headers["Sec-WebSocket-Accept"]);
    }

    [Fact]
    public async Task Expired_access_token_is_answered_403()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        var ann = await server.RegisterAsync("ann");

        clock.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(31));   // and the 30 s that clocks may differ by

        var answer = await RawHttp.HandshakeAsync(server.Address, $"/ws/chat/global/?token={ann.Access}");
        Assert.Equal((403, "token_not_valid"), (answer.Status, answer.Code));
    }

    [Fact]
    [Attack("A-2")]
    public async Task Cookie_signs_nobody_in()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");

        var answer = await RawHttp.HandshakeAsync(
            server.Address,
            "/ws/chat/global/",
            $"Cookie: token={ann.Access}; access={ann.Access}; sessionid={ann.Access}");

        Assert.Equal((403, "not_authenticated"), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task Header_and_ticket_open_it_too_and_a_ticket_only_once()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        var ticket = await ann.TicketAsync();

        await using var byHeader = await ChatSocket.OpenAsync(
            server.SocketAddress("/ws/chat/global/?since=0"),
            ("Authorization", $"Bearer {ann.Access}"));
        await using var byTicket = await ChatSocket.OpenAsync(server.SocketAddress($"/ws/chat/global/?since=0&ticket={ticket}"));
        await byHeader.ExpectAsync("joined");
        await byTicket.ExpectAsync("joined");
        var again = await RawHttp.HandshakeAsync(server.Address, $"/ws/chat/global/?ticket={ticket}");

        Assert.Equal((403, "token_not_valid"), (again.Status, again.Code));
    }

    [Fact]
    public async Task Since_resumes_joined_comes_first_and_carries_no_re()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        for (var n = 1; n <= 5; n++)
            (await ann.PublishAsync("global", $"{n}")).EnsureSuccessStatusCode();

        await using var back = await ann.OpenRoomAsync("global", "&since=3");
        var joined = await back.ExpectAsync("joined");
        await ann.PublishAsync("global", "6");

        Assert.Equal(
            ["type", "room", "seq", "since", "complete", "first_seq", "epoch", "role"],
            joined.EnumerateObject().Select(field => field.Name));
        Assert.Equal(
            (5, 3, 1),
            (joined.GetProperty("seq").GetInt64(), joined.GetProperty("since").GetInt64(), joined.GetProperty("first_seq").GetInt64()));
        Assert.True(joined.GetProperty("complete").GetBoolean());
        Assert.Equal(["4", "5", "6"], await back.ReceiveMessagesAsync(3));
    }

    [Fact]
    public async Task Position_of_another_log_is_told_and_live_messages_follow()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        (await ann.PublishAsync("global", "before")).EnsureSuccessStatusCode();

        await using var back = await ann.OpenRoomAsync("global", "&since=0&epoch=another");
        var joined = await back.ExpectAsync("joined");
        await ann.PublishAsync("global", "after");

        Assert.False(joined.GetProperty("complete").GetBoolean());
        Assert.Equal((1, 1), (joined.GetProperty("seq").GetInt64(), joined.GetProperty("since").GetInt64()));
        Assert.Equal(["after"], await back.ReceiveMessagesAsync(1));
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("x")]
    [InlineData("1.5")]
    [InlineData("9223372036854775808")]
    [InlineData("")]
    public async Task Since_that_is_no_position_is_refused_before_the_upgrade(string since)
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");

        var answer = await RawHttp.HandshakeAsync(server.Address, $"/ws/chat/global/?token={ann.Access}&since={since}");

        Assert.Equal((400, "bad_request"), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task Ack_comes_only_where_the_frame_has_an_id()
    {
        await using var server = await SkaldServer.StartAsync();
        await using var ann = await (await server.RegisterAsync("ann")).OpenRoomAsync("global");

        await ann.SendTextAsync("""{"message":"without"}""");
        await ann.SendTextAsync("""{"message":"with","id":"a-1"}""");

        var frames = new List<JsonElement>();
        for (var i = 0; i < 3; i++)
            frames.Add(await ann.ReceiveAsync());
        var ack = Assert.Single(frames, frame => frame.GetProperty("type").GetString() == "ack");
        Assert.Equal("a-1", ack.GetProperty("re").GetString());
        Assert.Equal(2, ack.GetProperty("seq").GetInt64());
        Assert.False(ack.GetProperty("duplicate").GetBoolean());
    }

    [Fact]
    public async Task Client_msg_id_makes_the_send_idempotent_and_is_shown_to_all()
    {
        await using var server = await SkaldServer.StartAsync();
        await using var ann = await (await server.RegisterAsync("ann")).OpenRoomAsync("global");

        await ann.SendTextAsync("""{"message":"once","client_msg_id":"12345678"}""");
        Assert.Equal("12345678", (await ann.ExpectAsync("chat_message")).GetProperty("client_msg_id").GetString());
        await ann.SendTextAsync("""{"message":"twice","client_msg_id":"12345678","id":1}""");

        var ack = await ann.ExpectAsync("ack");
        Assert.True(ack.GetProperty("duplicate").GetBoolean());
        Assert.Equal((1, "once"), (ack.GetProperty("seq").GetInt64(), ack.GetProperty("message").GetString()));
    }

    [Fact]
    public async Task Frame_that_cannot_be_read_is_answered_and_closes_with_4400()
    {
        await using var server = await SkaldServer.StartAsync();
        await using var ann = await (await server.RegisterAsync("ann")).OpenRoomAsync("global");

        await ann.SendTextAsync("Hello");

        await ann.ExpectErrorAsync("malformed");
        var closing = await ann.ExpectAsync("closing");
        Assert.Equal(
            (4400, "malformed", false),
            (
                closing.GetProperty("code").GetInt32(),
                closing.GetProperty("reason").GetString(),
                closing.GetProperty("reconnect").GetBoolean()));
        Assert.Equal(4400, await ann.ExpectCloseAsync());
    }

    [Fact]
    public async Task Message_that_is_refused_leaves_the_socket_open()
    {
        await using var server = await SkaldServer.StartAsync();
        await using var ann = await (await server.RegisterAsync("ann")).OpenRoomAsync("global");

        await ann.SendAsync(new { message = 5, id = 1 });
        await ann.SendAsync(new { message = new string('x', 4_001), id = 2 });
        await ann.SendAsync(new { message = "Hi", client_msg_id = "short", id = 3 });
        await ann.SendAsync(new { message = "fine" });

        Assert.Equal(1, (await ann.ExpectErrorAsync("bad_request")).GetProperty("re").GetInt32());
        Assert.Equal(2, (await ann.ExpectErrorAsync("too_long")).GetProperty("re").GetInt32());
        Assert.Equal(3, (await ann.ExpectErrorAsync("bad_client_msg_id")).GetProperty("re").GetInt32());
        Assert.Equal(1, (await ann.ExpectAsync("chat_message")).GetProperty("seq").GetInt64());
    }

    [Theory]
    [InlineData("no.dots")]
    [InlineData("no%20space")]
    [InlineData("%C3%BC")]
    [InlineData("rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr")]
    public async Task Name_that_no_room_can_have_is_answered_404(string room)
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");

        var answer = await RawHttp.HandshakeAsync(server.Address, $"/ws/chat/{room}/?token={ann.Access}");

        Assert.Equal((404, "room_not_found"), (answer.Status, answer.Code));
    }
}
