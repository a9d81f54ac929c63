using Skald.Tests.Harness;
using static Skald.Tests.Conformance.WireCase;

namespace Skald.Tests.Conformance;

/// <summary>RFC 6455, section 5.4: messages in fragments, and how many the limits allow.</summary>
public sealed class FragmentationTests(WireServers servers) : WireCaseTests(servers)
{
    private static readonly Dictionary<string, WireCase> Cases = new(StringComparer.Ordinal)
    {
        ["A message in two fragments"] = Of(Fragments(EchoText(), 14), Echoed(), Alive),
        ["A message in two fragments in one segment"] = Of(Fragments(EchoText(), 14), Echoed(), Alive).AtOnce(),
        ["A message in fragments of one byte"] = Of(Fragments(EchoText(), 1), Echoed(), Alive),
        ["A message in fragments of one byte, byte by byte"] = Of(Fragments(EchoText(), 1), Echoed(), Alive).InPieces(),
        ["A message in fragments of one byte in one segment"] = Of(Fragments(EchoText(), 1), Echoed(), Alive).AtOnce(),
        ["A first fragment that is empty"] = Of([WireFrame.OfText("").Unfinished(), WireFrame.Continuation(EchoText())], Echoed(), Alive),
        ["A last fragment that is empty"] = Of([WireFrame.OfText(EchoText()).Unfinished(), WireFrame.Continuation("")], Echoed(), Alive),
        ["A middle fragment that is empty"] =
            Of(
                [WireFrame.OfText(EchoText()[..5]).Unfinished(), WireFrame.Continuation("").Unfinished(),
                 WireFrame.Continuation(EchoText()[5..])],
                Echoed(), Alive),
        ["A message of empty fragments is no JSON"] =
            Of(
                [WireFrame.OfText("").Unfinished(), WireFrame.Continuation("").Unfinished(), WireFrame.Continuation("")],
                ["error malformed", .. ClosedWith(4400)]),
        ["Another mask on each fragment"] =
            Of(
                [WireFrame.OfText(EchoText()[..5]).Unfinished(), WireFrame.Continuation(EchoText()[5..]) with { Mask = [4, 3, 2, 1] }],
                Echoed(),
                Alive),
        ["Two messages in fragments, one after the other"] =
            Of([.. Fragments(EchoText("1"), 5), .. Fragments(EchoText("2"), 7)], Echoed("1"), Echoed("2"), Alive),
        ["A whole message after one in fragments"] = Of([.. Fragments(EchoText("1"), 5), Echo("2")], Echoed("1"), Echoed("2"), Alive),
        ["16384 bytes in fragments, the largest"] = Of(Fragments(EchoText().PadRight(16384), 1000), Echoed(), Alive),
        ["16385 bytes in fragments"] = Of(Fragments(EchoText().PadRight(16385), 16384), ClosedWith(1009)),
        ["A fragment that would make 16385 bytes, before it comes"] =
            Of(
                [WireFrame.OfText(new string(' ', 10_000)).Unfinished(),
                 new WireFrame(WireFrame.ContinuationCode, []) { DeclaredLength = 6385 }],
                ClosedWith(1009)),
        ["64 fragments, the most"] = Of(Fragments(EchoText().PadRight(64), 1), Echoed(), Alive),
        ["65 fragments"] = Of(Fragments(EchoText().PadRight(65), 1), ClosedWith(1008)),
        ["8 empty fragments in a row, the most"] =
            Of([WireFrame.OfText("").Unfinished(), .. Empty(7), WireFrame.Continuation(EchoText())], Echoed(), Alive),
        ["9 empty fragments in a row"] = Of([WireFrame.OfText("").Unfinished(), .. Empty(8)], ClosedWith(1008)),
        ["8 empty fragments twice, with text between"] =
            Of(
                [WireFrame.OfText("").Unfinished(), .. Empty(7), WireFrame.Continuation(" ").Unfinished(),
                 .. Empty(8), WireFrame.Continuation(EchoText())],
                Echoed(), Alive),
        ["A continuation of nothing"] = Of(WireFrame.Continuation(EchoText()), ClosedWith(1002)),
        ["An empty continuation of nothing"] = Of(WireFrame.Continuation(""), ClosedWith(1002)),
        ["An unfinished continuation of nothing"] = Of(WireFrame.Continuation("{").Unfinished(), ClosedWith(1002)),
        ["A continuation after a whole message"] = Of([Echo(), WireFrame.Continuation("x")], [Echoed(), .. ClosedWith(1002)]),
        ["A continuation after the last fragment"] = Of(
            [.. Fragments(EchoText(), 9), WireFrame.Continuation("x")],
            [Echoed(), .. ClosedWith(1002)]),
        ["A new message within one that is not finished"] = Of([WireFrame.OfText("{").Unfinished(), Echo()], ClosedWith(1002)),
        ["A new message in fragments within one that is not finished"] =
            Of([WireFrame.OfText("{").Unfinished(), WireFrame.OfText("{").Unfinished()], ClosedWith(1002)),
        ["A binary frame within a text that is not finished"] =
            Of([WireFrame.OfText("{").Unfinished(), new WireFrame(WireFrame.BinaryCode, [1])], ClosedWith(1002)),
        ["A close between fragments"] = Of([WireFrame.OfText("{").Unfinished(), WireFrame.Close(1000)], AnsweredClose(1000)),
    };

    public static TheoryData<string, WritePath> Rows => Cases.Rows();

    [Theory]
    [MemberData(nameof(Rows))]
    public Task Fragmentation(string name, WritePath path) => RunAsync(Cases[name], path);

    private static WireFrame[] Fragments(string text, int size)
    {
        var parts = text.Chunk(size).Select(part => new string(part)).ToArray();
        return
        [
            WireFrame.OfText(parts[0]).Unfinished(),
            .. parts[1..^1].Select(part => WireFrame.Continuation(part).Unfinished()),
            WireFrame.Continuation(parts[^1]),
        ];
    }

    private static IEnumerable<WireFrame> Empty(int count) => Enumerable.Repeat(WireFrame.Continuation("").Unfinished(), count);
}
