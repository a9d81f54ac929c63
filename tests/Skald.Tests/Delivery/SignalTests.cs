using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Skald.Server.Delivery;
using Skald.Server.Rooms;
using Skald.Tests.Harness;
using Skald.Tests.Model;

namespace Skald.Tests.Delivery;

/// <summary>Signals: at most once, to those who are in the room now, and never in the way of what the log says.</summary>
public sealed class SignalTests
{
    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public async Task Signal_reaches_each_joined_socket_and_no_room_socket_and_nobody_elsewhere(string directSocket)
    {
        await using var server = await SkaldServer.StartAsync([("Connections:DirectSocket", directSocket)]);
        var (ann, bob) = (await server.RegisterAsync("ann"), await server.RegisterAsync("bob"));
        await using var sender = await ann.JoinAsync("tech");
        ChatSocket[] joined = [await ann.JoinAsync("tech"), await bob.JoinAsync("global", "tech")];
        await using var gone = await bob.JoinAsync("tech");
        await gone.SendAsync(new { type = "leave", id = 9, room = "tech" });
        await gone.ExpectAsync("left");
        ChatSocket[] deaf = [await bob.OpenRoomAsync("tech"), await bob.OpenRoomAsync("tech", "&since=0"), await bob.JoinAsync("global")];
        await deaf[1].ExpectAsync("joined");

        await sender.SendTextAsync("""{"type":"signal","id":7,"room":"tech","event":"cursor","data":{ "line": 12 }}""");

        const string Expected =
            """{"type":"signal","room":"tech","user_id":1,"username":"ann","event":"cursor","data":{ "line": 12 }}""";
        Assert.Equal(Expected, await sender.ReceiveTextAsync());
        Assert.Equal("""{"type":"signaled","re":7,"room":"tech"}""", await sender.ReceiveTextAsync());
        foreach (var reader in joined)
            Assert.Equal(Expected, await reader.ReceiveTextAsync());
        // Whoever should not get it gets what was said after it, and nothing before that.
        await sender.SayAsync("tech", "after");
        await sender.SayAsync("global", "after");
        await gone.JoinAsync("global", since: 0);
        foreach (var reader in (ChatSocket[])[.. deaf, gone, .. joined])
        {
            await reader.ExpectAsync("chat_message");
            await reader.DisposeAsync();
        }

        Assert.Single(await ann.HistoryAsync("tech"));
    }

    [Fact]
    public async Task Signals_of_one_sender_come_in_the_order_in_which_they_were_said()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var sender = await ann.JoinAsync("tech");
        await using var reader = await ann.JoinAsync("tech");

        for (var n = 0; n < 100; n++)
            await sender.SendAsync(new { type = "signal", room = "tech", @event = "cursor", data = new { n } });

        for (var n = 0; n < 100; n++)
            Assert.Equal(n, (await reader.ExpectAsync("signal")).GetProperty("data").GetProperty("n").GetInt32());
    }

    [Fact]
    public async Task Reader_that_is_more_than_1_MiB_behind_gets_no_signals_and_all_entries_and_signals_again_once_it_has_read()
    {
        const int Messages = 1_500, Signals = 200;
        var text = new string('x', 3_900);
        // The server's time stands still: nothing but what waits can close a socket.
        await using var server = await SkaldServer.StartAsync(
            [("Limits:MessagesBehind", "0"), ("Limits:BytesBehind", "0")], new FakeClock());
        var ann = await server.RegisterAsync("ann");
        using var slow = await RawHttp.UpgradeAsync(server.Address, $"/ws/?token={ann.Access}", receiveBuffer: 4_096);
        await slow.SendTextAsync("""{"type":"join","id":1,"room":"tech"}""");
        await slow.SkipToAsync("joined");
        await using var quick = await ann.JoinAsync("tech");
        for (var sent = 0; sent < Messages; sent += 25)
        {
            for (var i = 0; i < 25; i++)
                await quick.SendAsync(new { type = "send", room = "tech", message = text });
            await quick.ReceiveMessagesAsync(25);
        }

        // More than the answers that may wait for a connection (64 KiB): a signal that waited as one would close it.
        for (var n = 0; n < Signals; n++)
        {
            await quick.SendAsync(new { type = "signal", room = "tech", @event = "cursor", data = new { n, x = new string('x', 900) } });
            Assert.Equal(n, (await quick.ExpectAsync("signal")).GetProperty("data").GetProperty("n").GetInt32());
        }

        for (var seq = 1; seq <= Messages; seq++)
        {
            var message = await slow.ReadJsonAsync();
            Assert.Equal(("chat_message", seq), (message.GetProperty("type").GetString(), message.GetProperty("seq").GetInt32()));
        }

        var again = slow.SkipToAsync("signal");
        while (!again.IsCompleted)
        {
            await quick.SendAsync(new { type = "signal", room = "tech", @event = "again" });
            await quick.ExpectAsync("signal");
        }

        Assert.Equal("again", (await again).GetProperty("event").GetString());
        Assert.DoesNotContain(server.Log.Lines, line => line.Contains("slow_consumer", StringComparison.Ordinal));
    }

    [Fact]
    public void Signal_that_a_socket_takes_in_part_is_finished_and_the_next_is_dropped_until_then()
    {
        var feeds = new RoomFeeds(Options.Create(new DeliveryLimits()));
        var socket = new ModelSocket();
        var outbound = TestOutbound.Of(socket);
        var subscription = new Subscription(outbound, new Room(1, "room", 1, 0), Dialect.Signals);
        subscription.StartAt(feeds.Register(subscription));
        outbound.Start(subscription);

        socket.Widen(2);
        outbound.OfferSignal(subscription, "first"u8.ToArray());
        outbound.OfferSignal(subscription, "second"u8.ToArray());
        socket.Widen(1_000);
        outbound.OfferSignal(subscription, "third"u8.ToArray());
        outbound.Stop(subscription);
        outbound.OfferSignal(subscription, "fourth"u8.ToArray());

        Assert.Equal("firstthird", Encoding.ASCII.GetString(socket.Taken));
    }

    [Theory]
    [InlineData("global")]
    [InlineData("no-such-room")]
    public async Task Who_has_not_joined_the_room_is_refused_with_and_without_an_id(string room)
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var reader = await ann.JoinAsync("global");
        await using var sender = await ann.JoinAsync("tech");

        await sender.SendAsync(new { type = "signal", room, @event = "wave" });
        Assert.False((await sender.ExpectErrorAsync("not_joined")).TryGetProperty("re", out _));
        await sender.SendAsync(new { type = "signal", id = 4, room, @event = "wave" });
        var error = await sender.ExpectErrorAsync("not_joined");

        Assert.Equal((4, room), (error.GetProperty("re").GetInt32(), error.GetProperty("room").GetString()));
        await sender.SayAsync("global", "after");
        await reader.ExpectAsync("chat_message");
    }

    [Fact]
    public async Task Rate_of_a_connection_is_its_own_and_what_is_refused_reaches_nobody()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(Only("SignalsPerConnection", "5"), clock);
        var ann = await server.RegisterAsync("ann");
        await using var first = await ann.JoinAsync("tech");
        await using var second = await ann.JoinAsync("tech");

        Assert.Equal(["tech x10", "rate_limited"], await SignalAsync(first, "tech", 11));
        Assert.Equal(["tech x1"], await SignalAsync(second, "tech", 1, before: 10));
        clock.Advance(TimeSpan.FromMilliseconds(200));
        Assert.Equal(["tech x1", "rate_limited"], await SignalAsync(first, "tech", 2, before: 1));
    }

    [Fact]
    public async Task Rate_of_a_room_is_everybodys_together_and_each_room_has_its_own()
    {
        await using var server = await SkaldServer.StartAsync(Only("SignalsPerRoom", "4"), new FakeClock());
        var ann = await server.RegisterAsync("ann");
        await using var first = await ann.JoinAsync("tech", "other");
        await using var second = await ann.JoinAsync("tech");

        Assert.Equal(["tech x6"], await SignalAsync(first, "tech", 6));
        Assert.Equal(["tech x2", "rate_limited"], await SignalAsync(second, "tech", 3, before: 6));
        Assert.Equal(["other x8", "rate_limited"], await SignalAsync(first, "other", 9, before: 2));
    }

    [Fact]
    public async Task Above_so_many_sockets_in_a_room_there_are_no_signals_until_one_leaves()
    {
        await using var server = await SkaldServer.StartAsync(Only("SignalSockets", "2"));
        var ann = await server.RegisterAsync("ann");
        await using var first = await ann.JoinAsync("tech", "other");
        await using var second = await ann.OpenRoomAsync("tech", "&since=0");
        await second.ExpectAsync("joined");
        Assert.Equal(["tech x1"], await SignalAsync(first, "tech", 1));
        await using var third = await ann.JoinAsync("tech");

        Assert.Equal(["signals_off"], await SignalAsync(first, "tech", 1));
        Assert.Equal(["other x1"], await SignalAsync(first, "other", 1));
        await third.SendAsync(new { type = "leave", id = 9, room = "tech" });
        await third.ExpectAsync("left");
        Assert.Equal(["tech x1"], await SignalAsync(first, "tech", 1));
    }

    [Fact]
    public async Task Signal_over_1_KiB_is_refused_and_reaches_nobody()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var sender = await ann.JoinAsync("tech");

        foreach (var length in new[] { 1025, 1024 })
            await sender.SendTextAsync(
                $$$"""{"type":"signal","room":"tech","event":"cursor","data":{"x":"{{{new string('x', length - 8)}}}"}}""");

        await sender.ExpectErrorAsync("too_long");
        Assert.Equal(1024, (await sender.ExpectAsync("signal")).GetProperty("data").GetRawText().Length);
    }

    /// <summary>One limit of signals and no other, and all else beyond what a test does.</summary>
    private static IEnumerable<(string Key, string Value)> Only(string limit, string value) =>
    [
        ("Limits:Enabled", "true"), ("Limits:CommandsPerConnection", "0"), ("Limits:PingInterval", "01:00:00"),
        .. new[] { "SignalsPerConnection", "SignalsPerRoom", "SignalSockets" }
            .Select(name => ($"Limits:{name}", name == limit ? value : "0")),
    ];

    /// <summary>Sends signals without ids, and reads what comes of them.</summary>
    /// <param name="before">How many of other senders come first.</param>
    /// <returns>How many have come back, and the codes of the refusals.</returns>
    private static async Task<string[]> SignalAsync(ChatSocket socket, string room, int count, int before = 0)
    {
        for (var i = 0; i < before; i++)
            Assert.Equal("cursor", (await socket.ExpectAsync("signal")).GetProperty("event").GetString());
        for (var i = 0; i < count; i++)
            await socket.SendAsync(new { type = "signal", room, @event = "cursor" });
        await socket.SendAsync(new { type = "ping", id = 99 });
        var passed = 0;
        var outcome = new List<string>();
        while (await socket.ReceiveAsync() is var frame && Type(frame) != "pong")
        {
            if (Type(frame) == "error")
                outcome.Add(frame.GetProperty("code").GetString()!);
            else if (Type(frame) == "signal")
                passed++;
        }

        return passed == 0 ? [.. outcome] : [$"{room} x{passed}", .. outcome];

        static string Type(JsonElement frame) => frame.GetProperty("type").GetString()!;
    }
}
