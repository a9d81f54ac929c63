using Skald.Protocol;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>How long a message may be under way, whatever else comes meanwhile.</summary>
public sealed class MessageTimeTests
{
    [Fact]
    public async Task Message_that_takes_longer_than_10_s_closes_with_1008()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        using var raw = await RawSocket.OpenAsync(server);

        // The server has seen the beginning when it answers the ping that stands in the middle of it.
        await raw.WriteAsync(RawHttp.Frame(WebSocketFrame.Text, """{"type":"""u8, final: false));
        await raw.WriteAsync(RawHttp.Frame(WebSocketFrame.Ping, "seen"u8));
        Assert.Equal(WebSocketFrame.Pong, (await raw.ReadFrameAsync())!.Opcode);
        clock.Advance(TimeSpan.FromSeconds(12));

        await RawSocket.ExpectAsync(raw, 1008);
    }

    [Fact]
    [Attack("A-9")]
    public async Task Pings_within_a_message_do_not_buy_it_time()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync([("Limits:PingInterval", "01:00:00")], clock);
        using var raw = await RawSocket.OpenAsync(server);
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
        using var raw = await RawSocket.OpenAsync(server);
        var frame = RawHttp.Frame(WebSocketFrame.Text, RawSocket.Ping(100));

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

        await RawSocket.ExpectAsync(raw, 1008);
    }
}
