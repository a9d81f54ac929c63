using Skald.Tests.Harness;
using static Skald.Tests.Conformance.WireCase;

namespace Skald.Tests.Conformance;

/// <summary>RFC 6455, section 5.5: ping, pong, and what a control frame may not be. Closing has tests of its own.</summary>
public sealed class ControlFrameTests(WireServers servers) : WireCaseTests(servers)
{
    private static readonly string Long = new('x', 125);

    private static readonly Dictionary<string, WireCase> Cases = new(StringComparer.Ordinal)
    {
        ["An empty ping"] = Of(WireFrame.Ping(), "pong", Alive),
        ["A ping with a payload comes back as it was"] = Of(WireFrame.Ping("hello"), "pong hello", Alive),
        ["A ping of 125 bytes, the most"] = Of(WireFrame.Ping(Long), $"pong {Long}", Alive),
        ["A ping of bytes that are no text"] = Of(
            [new WireFrame(WireFrame.PingCode, [0x00, 0xff, 0xfe]), WireFrame.Ping("next")], "pong \0��", "pong next", Alive),
        ["A ping of 126 bytes"] = Of(WireFrame.Ping(Long + "x"), ClosedWith(1002)),
        ["A ping whose short length stands in 16 bits"] = Of(WireFrame.Ping("hello") with { LengthBytes = 2 }, ClosedWith(1002)),
        ["A ping whose short length stands in 64 bits"] = Of(WireFrame.Ping("hello") with { LengthBytes = 8 }, ClosedWith(1002)),
        ["A ping in fragments"] = Of(WireFrame.Ping("he").Unfinished(), ClosedWith(1002)),
        ["A ping byte by byte"] = Of(WireFrame.Ping("hello"), "pong hello", Alive).InPieces(),
        ["Ten pings are answered in order"] =
            Of(
                [.. Enumerable.Range(0, 10).Select(n => WireFrame.Ping($"{n}"))],
                [.. Enumerable.Range(0, 10).Select(n => $"pong {n}"), Alive]),
        ["Ten pings in one segment are answered in order"] =
            Of(
                [.. Enumerable.Range(0, 10).Select(n => WireFrame.Ping($"{n}"))],
                [.. Enumerable.Range(0, 10).Select(n => $"pong {n}"), Alive]).AtOnce(),
        ["Pings and commands are answered in order"] =
            Of([WireFrame.Ping("1"), Echo("2"), WireFrame.Ping("3"), Echo("4")], "pong 1", Echoed("2"), "pong 3", Echoed("4"), Alive)
                .AtOnce(),

        ["An empty pong that nobody asked for"] = Of([WireFrame.Pong(), Echo()], Echoed(), Alive),
        ["A pong with a payload that nobody asked for"] = Of([WireFrame.Pong("hello"), Echo()], Echoed(), Alive),
        ["A pong of 125 bytes"] = Of([WireFrame.Pong(Long), Echo()], Echoed(), Alive),
        ["A pong of 126 bytes"] = Of(WireFrame.Pong(Long + "x"), ClosedWith(1002)),
        ["A pong in fragments"] = Of(WireFrame.Pong("he").Unfinished(), ClosedWith(1002)),
        ["A pong between pings"] = Of([WireFrame.Ping("1"), WireFrame.Pong("1"), WireFrame.Ping("2")], "pong 1", "pong 2", Alive),

        ["A ping between fragments is answered before the message"] =
            Of(
                [WireFrame.OfText(EchoText()[..9]).Unfinished(), WireFrame.Ping("between"), WireFrame.Continuation(EchoText()[9..])],
                "pong between",
                Echoed(),
                Alive),
        ["A pong between fragments"] =
            Of(
                [WireFrame.OfText(EchoText()[..9]).Unfinished(), WireFrame.Pong("x"), WireFrame.Continuation(EchoText()[9..])],
                Echoed(),
                Alive),
        ["Many pings between fragments, all in one segment"] =
            Of(
                [WireFrame.OfText(EchoText()[..9]).Unfinished(), WireFrame.Ping("1"), WireFrame.Ping("2"),
                 WireFrame.Continuation(EchoText()[9..]), WireFrame.Ping("3")],
                "pong 1", "pong 2", Echoed(), "pong 3", Alive).AtOnce(),
        ["A ping of 126 bytes between fragments"] =
            Of([WireFrame.OfText("{").Unfinished(), WireFrame.Ping(Long + "x")], ClosedWith(1002)),
        ["A ping in fragments between fragments"] =
            Of([WireFrame.OfText("{").Unfinished(), WireFrame.Ping("x").Unfinished()], ClosedWith(1002)),
    };

    public static TheoryData<string, WritePath> Rows => Cases.Rows();

    [Theory]
    [MemberData(nameof(Rows))]
    public Task Control_frames(string name, WritePath path) => RunAsync(Cases[name], path);
}
