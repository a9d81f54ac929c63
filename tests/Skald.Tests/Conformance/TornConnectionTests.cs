using Microsoft.Extensions.DependencyInjection;
using Skald.Server.Connections;
using Skald.Tests.Harness;

namespace Skald.Tests.Conformance;

/// <summary>
/// Connections that end without a close, at every place where they can: the server lets go of them, and nobody else notices.
/// </summary>
public sealed class TornConnectionTests(WireServers servers) : IClassFixture<WireServers>
{
    /// <summary>What a client has sent when its connection ends.</summary>
    public static TheoryData<string, WritePath> Places
    {
        get
        {
            var rows = new TheoryData<string, WritePath>();
            foreach (var place in Sent.Keys)
            {
                rows.Add(place, WritePath.Socket);
                rows.Add(place, WritePath.Stream);
            }

            return rows;
        }
    }

    private static Dictionary<string, byte[]> Sent { get; } = new(StringComparer.Ordinal)
    {
        ["nothing"] = [],
        ["the first byte of a header"] = [0x81],
        ["a header without its mask"] = [0x81, 0x85],
        ["half a payload"] = WireFrame.OfText("hello").Encode()[..8],
        ["one of two fragments"] = WireFrame.OfText("{").Unfinished().Encode(),
        ["half a ping"] = WireFrame.Ping("hello").Encode()[..7],
        ["half a close"] = WireFrame.Close(1000, "bye").Encode()[..7],
        ["a violation that is about to be answered"] = [0xFF, 0xFF],
    };

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Half_closed_connection_is_ended(string place, WritePath path)
    {
        using var socket = await servers.OpenAsync(path);
        await socket.SendAsync(Sent[place]);
        socket.ShutdownSend();

        while (await socket.ReadAsync() is not null)
        {
        }

        await NobodyIsLeftAsync(path);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Reset_connection_is_let_go_of(string place, WritePath path)
    {
        var socket = await servers.OpenAsync(path);
        await socket.SendAsync(Sent[place]);
        socket.Reset();

        await NobodyIsLeftAsync(path);
    }

    [Theory]
    [InlineData(WritePath.Socket)]
    [InlineData(WritePath.Stream)]
    public async Task Client_that_answers_a_close_with_a_reset_is_let_go_of(WritePath path)
    {
        var socket = await servers.OpenAsync(path);
        await socket.SendAsync(WireFrame.OfText("no"));
        await socket.ReadAsync();
        socket.Reset();

        await NobodyIsLeftAsync(path);
    }

    [Theory]
    [InlineData(WritePath.Socket)]
    [InlineData(WritePath.Stream)]
    public async Task Client_that_never_answers_a_close_is_cut_off(WritePath path)
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync([("Connections:DirectSocket", (path == WritePath.Socket).ToString())], clock);
        var ann = await server.RegisterAsync("ann");
        using var mute = await RawWebSocket.OpenAsync(server.SocketAddress($"/ws/?token={ann.Access}"));
        await mute.SendAsync(WireFrame.OfText("no"));
        while (await mute.ReadAsync() is { Opcode: not WireFrame.CloseCode })
        {
        }

        var end = mute.ReadAsync();
        await Deadline.UntilAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                return end.IsCompleted;
            },
            "the end of a connection whose client is mute");
        Assert.Null(await end);
    }

    [Theory]
    [InlineData(WritePath.Socket)]
    [InlineData(WritePath.Stream)]
    public async Task Message_that_is_never_finished_ends_the_connection_also_when_pings_come_in_between(WritePath path)
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync([("Connections:DirectSocket", (path == WritePath.Socket).ToString())], clock);
        var ann = await server.RegisterAsync("ann");
        using var slow = await RawWebSocket.OpenAsync(server.SocketAddress($"/ws/?token={ann.Access}"));
        await slow.ReadAsync();
        await slow.SendAsync(WireFrame.OfText("{").Unfinished());

        WireFrame? frame;
        var seconds = 0;
        do
        {
            Assert.True(++seconds < 60, "The connection stays open as long as pings come.");
            await slow.SendAsync(WireFrame.Ping());
            frame = await slow.ReadAsync();
            clock.Advance(TimeSpan.FromSeconds(1));
        }
        while (frame is { Opcode: WireFrame.PongCode or WireFrame.PingCode });
        Assert.Contains("\"code\":1008", frame!.Text, StringComparison.Ordinal);
    }

    private Task NobodyIsLeftAsync(WritePath path)
    {
        var registry = servers[path].Services.GetRequiredService<ConnectionRegistry>();
        return Deadline.UntilAsync(() => registry.Count == 0, "no connection is left");
    }
}
