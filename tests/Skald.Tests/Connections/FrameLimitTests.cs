using Skald.Protocol;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>What one message of a socket may be: bytes, fragments, levels; each at its limit and one beyond.</summary>
public sealed class FrameLimitTests
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
        using var raw = await RawSocket.OpenAsync(server);

        await raw.WriteAsync(Fragments(RawSocket.Ping(bytes), fragments));

        await RawSocket.ExpectAsync(raw, close);
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
        using var raw = await RawSocket.OpenAsync(server);

        await raw.WriteAsync(RawHttp.Frame(WebSocketFrame.Text, "{"u8, declaredLength: declared));

        await RawSocket.ExpectAsync(raw, close);
    }

    [Fact]
    public async Task Declared_lengths_of_fragments_are_judged_by_their_sum()
    {
        await using var server = await SkaldServer.StartAsync();
        using var raw = await RawSocket.OpenAsync(server);

        await raw.WriteAsync(RawHttp.Frame(WebSocketFrame.Text, new byte[FrameBytes], final: false));
        await raw.WriteAsync(RawHttp.Frame(WebSocketFrame.Continuation, [], declaredLength: 1));

        await RawSocket.ExpectAsync(raw, 1009);
    }

    [Theory]
    [InlineData(64, null)]
    [InlineData(65, 1008)]
    public async Task Message_may_come_in_64_fragments(int fragments, int? close)
    {
        await using var server = await SkaldServer.StartAsync();
        using var raw = await RawSocket.OpenAsync(server);

        await raw.WriteAsync(Fragments(RawSocket.Ping(200), fragments));

        await RawSocket.ExpectAsync(raw, close);
    }

    [Theory]
    [InlineData(8, null)]
    [InlineData(9, 1008)]
    [InlineData(20_000, 1008)]
    [Attack("A-9")]
    public async Task Eight_fragments_in_a_row_may_be_empty(int empty, int? close)
    {
        await using var server = await SkaldServer.StartAsync();
        using var raw = await RawSocket.OpenAsync(server);

        byte[] frames =
        [
            .. RawHttp.Frame(WebSocketFrame.Text, """{"type":"ping","""u8, final: false),
            .. Enumerable.Repeat(RawHttp.Frame(WebSocketFrame.Continuation, [], final: false), empty).SelectMany(frame => frame),
            .. RawHttp.Frame(WebSocketFrame.Continuation, """ "id":1}"""u8),
        ];
        await raw.WriteAsync(frames);

        await RawSocket.ExpectAsync(raw, close);
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
}
