using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Skald.Protocol;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>How fast commands, pings and bytes may come on one socket.</summary>
public sealed class SocketRateTests
{
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
        using var raw = await RawSocket.OpenAsync(server);
        var ping = RawHttp.Frame(WebSocketFrame.Text, RawSocket.Ping(125));
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
        using var raw = await RawSocket.OpenAsync(server);
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
}
