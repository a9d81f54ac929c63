using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using Skald.Protocol;
using Skald.Server.History;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>What one socket may send: sizes, fragments, times, rates; each at its limit and one beyond.</summary>
public sealed class SocketLimitTests
{
    private const int FrameBytes = 16 * 1024;

    [Theory]
    [InlineData(FrameBytes, 1, null)]
    [InlineData(FrameBytes + 1, 1, 1009)]
    [InlineData(FrameBytes, 4, null)]
    [InlineData(FrameBytes + 1, 4, 1009)]
    public async Task Message_may_have_16_KiB_in_one_frame_or_in_many(int bytes, int fragments, int? close)
    {
        await using var server = await SkaldServer.StartAsync();
        using var raw = await ConnectAsync(server);

        await raw.WriteAsync(Fragments(Ping(bytes), fragments));

        await AssertAsync(raw, close);
    }

    [Theory]
    [InlineData(ulong.MaxValue >> 1, 1009)]
    [InlineData((ulong)uint.MaxValue, 1009)]
    [InlineData(FrameBytes + 1UL, 1009)]
    [InlineData((ulong.MaxValue >> 1) + 1, 1002)]   // the highest bit must be zero: RFC 6455, section 5.2
    [InlineData(ulong.MaxValue, 1002)]
    [Attack("A-8")]
    public async Task Frame_is_judged_by_the_length_it_declares_before_it_comes(ulong declared, int close)
    {
        await using var server = await SkaldServer.StartAsync();
        using var raw = await ConnectAsync(server);

        await raw.WriteAsync(RawHttp.Frame(WebSocketFrame.Text, "{"u8, declaredLength: declared));

        await AssertAsync(raw, close);
    }

    [Fact]
    public async Task Declared_lengths_of_fragments_are_judged_by_their_sum()
    {
        await using var server = await SkaldServer.StartAsync();
        using var raw = await ConnectAsync(server);

        await raw.WriteAsync(RawHttp.Frame(WebSocketFrame.Text, new byte[FrameBytes], final: false));
        await raw.WriteAsync(RawHttp.Frame(WebSocketFrame.Continuation, [], declaredLength: 1));

        await AssertAsync(raw, 1009);
    }

    [Theory]
    [InlineData(64, null)]
    [InlineData(65, 1008)]
    public async Task Message_may_come_in_64_fragments(int fragments, int? close)
    {
        await using var server = await SkaldServer.StartAsync();
        using var raw = await ConnectAsync(server);

        await raw.WriteAsync(Fragments(Ping(200), fragments));

        await AssertAsync(raw, close);
    }

    [Theory]
    [InlineData(8, null)]
    [InlineData(9, 1008)]
    [InlineData(20_000, 1008)]
    [Attack("A-9")]
    public async Task Eight_fragments_in_a_row_may_be_empty(int empty, int? close)
    {
        await using var server = await SkaldServer.StartAsync();
        using var raw = await ConnectAsync(server);

        byte[] frames =
        [
            .. RawHttp.Frame(WebSocketFrame.Text, """{"type":"ping","""u8, final: false),
            .. Enumerable.Repeat(RawHttp.Frame(WebSocketFrame.Continuation, [], final: false), empty).SelectMany(frame => frame),
            .. RawHttp.Frame(WebSocketFrame.Continuation, """ "id":1}"""u8),
        ];
        await raw.WriteAsync(frames);

        await AssertAsync(raw, close);
    }

    [Fact]
    public async Task Message_that_takes_longer_than_10_s_closes_with_1008()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        using var raw = await ConnectAsync(server);

        // The server has seen the beginning when it answers the ping that stands in the middle of it.
        await raw.WriteAsync(RawHttp.Frame(WebSocketFrame.Text, """{"type":"""u8, final: false));
        await raw.WriteAsync(RawHttp.Frame(WebSocketFrame.Ping, "seen"u8));
        Assert.Equal(WebSocketFrame.Pong, (await raw.ReadFrameAsync())!.Opcode);
        clock.Advance(TimeSpan.FromSeconds(12));

        await AssertAsync(raw, 1008);
    }

    [Fact]
    [Attack("A-9")]
    public async Task Pings_within_a_message_do_not_buy_it_time()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync([("Limits:PingInterval", "01:00:00")], clock);
        using var raw = await ConnectAsync(server);
        await raw.WriteAsync(RawHttp.Frame(WebSocketFrame.Text, """{"type":"""u8, final: false));

        for (var i = 0; i < 3; i++)
        {
            await raw.WriteAsync(RawHttp.Frame(WebSocketFrame.Ping, "alive"u8));
            if ((await raw.ReadFrameAsync())!.Opcode != WebSocketFrame.Pong)
                break;
            clock.Advance(TimeSpan.FromSeconds(6));
        }

        await raw.WriteAsync(RawHttp.Frame(WebSocketFrame.Ping, "alive"u8));
        await raw.WriteAsync(RawHttp.Frame(WebSocketFrame.Continuation, "\"ping\",\"id\":1}"u8));
        Assert.Equal(1008, await raw.ExpectCloseAsync());
    }

    [Fact]
    [Attack("A-9")]
    public async Task Frame_that_does_not_end_within_10_s_closes_with_1008()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        using var raw = await ConnectAsync(server);
        var frame = RawHttp.Frame(WebSocketFrame.Text, Ping(100));

        // A whole frame and the half of another in one write: when the first is answered, the half is there.
        await raw.WriteAsync((byte[])[.. frame, .. frame[..40]]);
        await raw.SkipToAsync("pong");
        await raw.WriteAsync(frame.AsMemory(40, 10));
        await Deadline.UntilAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                return server.Log.Lines.Any(line => line.Contains("1008 policy", StringComparison.Ordinal));
            },
            "the socket is closed with 1008");

        await AssertAsync(raw, 1008);
    }

    [Fact]
    public async Task Commands_beyond_burst_and_rate_are_answered_with_the_time_to_wait()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true")], clock);
        await using var socket = await (await server.RegisterAsync("ann")).ConnectAsync();

        for (var i = 1; i <= 31; i++)
            await socket.SendAsync(new { type = "ping", id = i });
        for (var i = 1; i <= 30; i++)
            Assert.Equal(i, (await socket.ExpectAsync("pong")).GetProperty("re").GetInt32());
        var refused = await socket.ExpectErrorAsync("rate_limited");

        Assert.Equal(31, refused.GetProperty("re").GetInt32());
        Assert.True(refused.GetProperty("retryable").GetBoolean());
        Assert.Equal(100, refused.GetProperty("retry_after_ms").GetInt32());   // 10 a second

        clock.Advance(TimeSpan.FromMilliseconds(100));
        await socket.SendAsync(new { type = "ping", id = 32 });
        await socket.SendAsync(new { type = "ping", id = 33 });
        Assert.Equal(32, (await socket.ExpectAsync("pong")).GetProperty("re").GetInt32());
        Assert.Equal(33, (await socket.ExpectErrorAsync("rate_limited")).GetProperty("re").GetInt32());
    }

    [Fact]
    public async Task Who_ignores_the_rate_for_10_s_is_closed_with_4029()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true")], clock);
        await using var socket = await (await server.RegisterAsync("ann")).ConnectAsync();

        var halfSeconds = 0;
        for (var id = 0; ; halfSeconds++)
        {
            for (var i = 0; i < 40; i++)
                await socket.SendAsync(new { type = "ping", id = ++id });
            var answer = await socket.ReceiveAsync();
            while (answer.GetProperty("type").GetString() != "closing" && answer.GetProperty("re").GetInt32() < id)
                answer = await socket.ReceiveAsync();
            if (answer.GetProperty("type").GetString() == "closing")
                break;
            Assert.InRange(halfSeconds, 0, 24);
            clock.Advance(TimeSpan.FromMilliseconds(500));
        }

        Assert.InRange(halfSeconds, 20, 22);
        Assert.Equal(4029, await socket.ExpectCloseAsync());
    }

    [Fact]
    public async Task Who_heeds_the_rate_now_and_then_is_not_closed()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true")], clock);
        await using var socket = await (await server.RegisterAsync("ann")).ConnectAsync();

        for (var second = 0; second < 30; second += 2)
        {
            for (var i = 0; i < 60; i++)
                await socket.SendAsync(new { type = "ping", id = i });
            for (var i = 0; i < 60; i++)
                Assert.NotEqual("closing", (await socket.ReceiveAsync()).GetProperty("type").GetString());
            clock.Advance(TimeSpan.FromSeconds(2));
        }
    }

    [Fact]
    [Attack("A-11")]
    public async Task Bytes_beyond_the_rate_are_read_later_and_10_s_of_them_close_with_4029()
    {
        const int Frames = 16_000, Burst = 256 * 1024, Rate = 64 * 1024;
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(
            [("Limits:Enabled", "true"), ("Limits:PingInterval", "01:00:00"), ("Limits:CommandsPerConnection", "0")], clock);
        using var raw = await ConnectAsync(server);
        var ping = RawHttp.Frame(WebSocketFrame.Text, Ping(125));
        byte[] flood = [.. Enumerable.Repeat(ping, Frames).SelectMany(frame => frame)];

        var writing = raw.WriteAsync(flood);
        var started = clock.GetTimestamp();
        var pongs = new StrongBox<int>();
        var reading = CountAsync(raw, WebSocketFrame.Text, pongs);
        while (!Closed())
        {
            Assert.InRange(Elapsed(), 0, 60);
            // Time stands still until the server has read what it may: then it waits for the moment to read on.
            await Deadline.UntilAsync(
                () => clock.IsAwaited(within: TimeSpan.FromMilliseconds(100)) || Closed(),
                "the server reads what the rate allows");
            clock.Advance(TimeSpan.FromMilliseconds(50));
        }

        Assert.Equal(4029, await reading);
        Assert.InRange(Elapsed(), 10, 11);
        Assert.InRange(Read(), Burst, (Burst + (Rate * Elapsed())) * 1.05);
        raw.Dispose();
        await Record.ExceptionAsync(() => writing);   // what was left of the flood is nobody's any more

        bool Closed() => server.Log.Lines.Any(line => line.Contains("4029 flood", StringComparison.Ordinal));
        double Elapsed() => clock.GetElapsedTime(started).TotalSeconds;
        double Read() => (double)Volatile.Read(ref pongs.Value) * ping.Length;
    }

    /// <summary>All of it together has fewer bytes than may come at once.</summary>
    [Fact]
    [Attack("A-11")]
    public async Task Pings_without_a_payload_count_as_64_bytes_and_a_flood_of_them_closes_with_4029()
    {
        const int Pings = 20_000;
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true"), ("Limits:PingInterval", "01:00:00")], clock);
        using var raw = await ConnectAsync(server);
        byte[] flood = [.. Enumerable.Repeat(RawHttp.Frame(WebSocketFrame.Ping, []), Pings).SelectMany(frame => frame)];

        var writing = raw.WriteAsync(flood);
        var pongs = new StrongBox<int>();
        var reading = CountAsync(raw, WebSocketFrame.Pong, pongs);
        var started = clock.GetTimestamp();
        while (!Closed())
        {
            Assert.InRange(clock.GetElapsedTime(started).TotalSeconds, 0, 60);
            await Deadline.UntilAsync(
                () => clock.IsAwaited(within: TimeSpan.FromMilliseconds(700)) || Closed(),
                "the server reads what the rate allows");
            clock.Advance(TimeSpan.FromMilliseconds(50));
        }

        Assert.Equal(4029, await reading);
        // Of the pings that one reading brings, hundreds, the newest is answered.
        Assert.InRange(pongs.Value, 1, Pings / 20);
        raw.Dispose();
        await Record.ExceptionAsync(() => writing);

        bool Closed() => server.Log.Lines.Any(line => line.Contains("4029 flood", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_user_may_send_20_a_second_over_all_sockets_and_http()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true"), ("Limits:CommandsPerConnection", "0")], clock);
        var ann = await server.RegisterAsync("ann");
        await using var first = await ann.ConnectAsync();
        await using var second = await ann.ConnectAsync();

        for (var i = 0; i < 20; i++)
        {
            await first.SayAsync("global", "from the first");
            await first.ExpectAsync("ack");
            await second.SayAsync("tech", "from the second");
            await second.ExpectAsync("ack");
        }

        await first.SayAsync("global", "too many");
        var refused = await first.ExpectErrorAsync("rate_limited");
        using var published = await ann.PublishAsync("elsewhere", "too many");

        Assert.Equal("global", refused.GetProperty("room").GetString());
        Assert.Equal(50, refused.GetProperty("retry_after_ms").GetInt32());
        Assert.Equal(429, (int)published.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), published.Headers.RetryAfter!.Delta);

        clock.Advance(TimeSpan.FromMilliseconds(50));
        using var later = await ann.PublishAsync("global", "in time");
        Assert.Equal(201, (int)later.StatusCode);
        Assert.Equal(21, (await ann.HistoryAsync("global")).Length);
    }

    [Fact]
    public async Task One_room_takes_200_a_second_from_all_together()
    {
        await using var server = await SkaldServer.StartAsync(
            [("Limits:Enabled", "true"), ("Limits:CommandsPerConnection", "0"), ("Limits:MessagesPerUser", "0"),
             ("Limits:MessagesPerRoom", "5")],
            new FakeClock());
        var ann = await server.RegisterAsync("ann");
        var bob = await server.RegisterAsync("bob");
        await using var first = await ann.ConnectAsync();
        await using var second = await bob.ConnectAsync();

        for (var i = 0; i < 5; i++)
        {
            await first.SayAsync("global", "x");
            await first.ExpectAsync("ack");
            await second.SayAsync("global", "x");
            await second.ExpectAsync("ack");
        }

        await first.SayAsync("global", "too many");
        await first.ExpectErrorAsync("rate_limited");
        await second.SayAsync("global", "too many");
        await second.ExpectErrorAsync("rate_limited");
        await first.SayAsync("tech", "another room");
        await first.ExpectAsync("ack");
    }

    [Fact]
    public void Default_rate_of_a_room_is_200() => Assert.Equal(200, new LogLimits().MessagesPerRoom);

    [Fact]
    public async Task One_connection_may_be_in_128_rooms()
    {
        await using var server = await SkaldServer.StartAsync(
            [("Limits:Enabled", "true"), ("Limits:CommandsPerConnection", "0"), ("Limits:NewRoomsPerUserPerMinute", "0")], new FakeClock());
        await using var socket = await (await server.RegisterAsync("ann")).ConnectAsync();
        for (var i = 1; i <= 128; i++)
            await socket.JoinAsync($"room-{i}");

        await socket.SendAsync(new { type = "join", id = "more", room = "room-129" });
        var refused = await socket.ExpectErrorAsync("too_many_rooms");
        await socket.JoinAsync("room-128", since: 0);   // it is in this one already
        await socket.SendAsync(new { type = "leave", room = "room-1" });
        await socket.JoinAsync("room-129");

        Assert.Equal(("more", "room-129"), (refused.GetProperty("re").GetString(), refused.GetProperty("room").GetString()));
    }

    [Fact]
    public async Task One_user_may_bring_30_rooms_into_being_a_minute()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true"), ("Limits:CommandsPerConnection", "0")], clock);
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ann.ConnectAsync();
        for (var i = 1; i <= 30; i++)
            await socket.JoinAsync($"room-{i}");

        await socket.SendAsync(new { type = "join", id = 31, room = "room-31" });
        var refused = await socket.ExpectErrorAsync("rate_limited");
        await socket.JoinAsync("room-30");
        using var published = await ann.PublishAsync("room-31", "x");
        var handshake = await RawHttp.HandshakeAsync(server.Address, $"/ws/chat/room-31/?token={ann.Access}");

        Assert.Equal(("room-31", 2_000), (refused.GetProperty("room").GetString(), refused.GetProperty("retry_after_ms").GetInt32()));
        Assert.Equal(429, (int)published.StatusCode);
        Assert.Equal((429, "rate_limited"), (handshake.Status, handshake.Code));
        clock.Advance(TimeSpan.FromSeconds(2));
        await socket.JoinAsync("room-31");
    }

    [Theory]
    [InlineData(8, false)]
    [InlineData(9, true)]
    public async Task Json_may_be_8_levels_deep(int levels, bool malformed)
    {
        await using var server = await SkaldServer.StartAsync();
        await using var socket = await (await server.RegisterAsync("ann")).ConnectAsync();

        await socket.SendTextAsync($$"""{"type":"ping","id":1,"x":{{new string('[', levels - 1)}}{{new string(']', levels - 1)}}}""");

        if (malformed)
            Assert.Equal(4400, await socket.ExpectCloseAsync());
        else
            await socket.ExpectAsync("pong");
    }

    private static async Task<RawHttp> ConnectAsync(SkaldServer server)
    {
        var ann = await server.RegisterAsync("ann");
        var raw = await RawHttp.UpgradeAsync(server.Address, $"/ws/?token={ann.Access}");
        await raw.SkipToAsync("ready");
        return raw;
    }

    /// <summary>A ping command of so many bytes.</summary>
    private static byte[] Ping(int bytes)
    {
        const string Start = """{"type":"ping","id":1,"x":"...""";
        return Encoding.ASCII.GetBytes(Start.PadRight(bytes - 2, '.') + "\"}");
    }

    private static byte[] Fragments(byte[] message, int count)
    {
        var each = message.Length / count;
        return
        [
            .. Enumerable.Range(0, count).SelectMany(i => RawHttp.Frame(
                i == 0 ? WebSocketFrame.Text : WebSocketFrame.Continuation,
                i == count - 1 ? message.AsSpan(i * each) : message.AsSpan(i * each, each),
                final: i == count - 1)),
        ];
    }

    /// <summary>Reads to the close frame.</summary>
    /// <returns>The code of the close.</returns>
    private static async Task<int> CountAsync(RawHttp raw, byte opcode, StrongBox<int> frames)
    {
        while (true)
        {
            var frame = await raw.ReadFrameAsync() ?? throw new IOException("The server cut the connection without a close frame.");
            if (frame.Opcode == WebSocketFrame.Close)
                return BinaryPrimitives.ReadUInt16BigEndian(frame.Payload);
            if (frame.Opcode == opcode)
                Interlocked.Increment(ref frames.Value);
        }
    }

    /// <summary>The message was taken, or the socket is closed with a code, and says so before.</summary>
    private static async Task AssertAsync(RawHttp raw, int? close)
    {
        if (close is null)
        {
            await raw.SkipToAsync("pong");
            return;
        }

        Assert.Equal(close, (await raw.SkipToAsync("closing")).GetProperty("code").GetInt32());
        Assert.Equal(close, await raw.ExpectCloseAsync());
    }
}
