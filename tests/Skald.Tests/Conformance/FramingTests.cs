using Skald.Tests.Harness;
using static Skald.Tests.Conformance.WireCase;

namespace Skald.Tests.Conformance;

/// <summary>RFC 6455, section 5.2 and 5.3: lengths, masks, reserved bits, opcodes.</summary>
[Attack("A-7")]
public sealed class FramingTests(WireServers servers) : WireCaseTests(servers)
{
    private static readonly Dictionary<string, WireCase> Cases = new(StringComparer.Ordinal)
    {
        ["Text of a few bytes"] = Of(Echo(), Echoed(), Alive),
        ["Text of 125 bytes, the most that the short length holds"] = Of(EchoOf(125), Echoed(), Alive),
        ["Text of 126 bytes, the least of the 16-bit length"] = Of(EchoOf(126), Echoed(), Alive),
        ["Text of 127 bytes"] = Of(EchoOf(127), Echoed(), Alive),
        ["Text of 128 bytes"] = Of(EchoOf(128), Echoed(), Alive),
        ["Text of 255 bytes"] = Of(EchoOf(255), Echoed(), Alive),
        ["Text of 256 bytes"] = Of(EchoOf(256), Echoed(), Alive),
        ["Text of 4095 bytes: with its header over the first buffer"] = Of(EchoOf(4095), Echoed(), Alive),
        ["Text of 4096 bytes"] = Of(EchoOf(4096), Echoed(), Alive),
        ["Text of 16383 bytes"] = Of(EchoOf(16383), Echoed(), Alive),
        ["Text of 16384 bytes, the largest"] = Of(EchoOf(16384), Echoed(), Alive),
        ["The largest text a hundred bytes at a time"] = Of(EchoOf(16384), Echoed(), Alive).InPieces(100),
        ["Empty text is no JSON"] = Of(WireFrame.OfText(""), ["error malformed", .. ClosedWith(4400)]),
        ["Text of 16385 bytes is too big"] = Of(Header(16385), ClosedWith(1009)),
        ["Text of 65535 bytes is too big before it comes"] = Of(Header(65535), ClosedWith(1009)),
        ["Text of 65536 bytes is too big before it comes"] = Of(Header(65536), ClosedWith(1009)),
        ["Text of 2^63-1 bytes is too big before it comes"] = Of(Header(long.MaxValue), ClosedWith(1009)),
        ["Text of 2^63 bytes: the highest bit must be 0"] = Of(Header(1UL << 63), ClosedWith(1002)),
        ["Text of 2^64-1 bytes: the highest bit must be 0"] = Of(Header(ulong.MaxValue), ClosedWith(1002)),
        ["A 16-bit length of 0 is not the shortest"] = Of(WireFrame.OfText("") with { LengthBytes = 2 }, ClosedWith(1002)),
        ["A 16-bit length of 22 is not the shortest"] = Of(Echo() with { LengthBytes = 2 }, ClosedWith(1002)),
        ["A 16-bit length of 125 is not the shortest"] = Of(EchoOf(125) with { LengthBytes = 2 }, ClosedWith(1002)),
        ["A 64-bit length of 22 is not the shortest"] = Of(Echo() with { LengthBytes = 8 }, ClosedWith(1002)),
        ["A 64-bit length of 126 is not the shortest"] = Of(EchoOf(126) with { LengthBytes = 8 }, ClosedWith(1002)),
        ["A 64-bit length of 65535 is not the shortest"] = Of(Header(65535) with { LengthBytes = 8 }, ClosedWith(1002)),
        ["A frame byte by byte"] = Of(EchoOf(130), Echoed(), Alive).InPieces(),
        ["A header cut after its first byte"] = Of(EchoOf(130), Echoed(), Alive).CutAt(1),
        ["A header cut within its length"] = Of(EchoOf(130), Echoed(), Alive).CutAt(3),
        ["A header cut within its mask"] = Of(EchoOf(130), Echoed(), Alive).CutAt(6),
        ["A payload cut after its first byte"] = Of(EchoOf(130), Echoed(), Alive).CutAt(9),
        ["Two frames in one segment"] = Of([Echo("1"), Echo("2")], Echoed("1"), Echoed("2"), Alive).AtOnce(),
        ["A frame and the beginning of the next in one segment"] = Of([Echo("1"), EchoOf(300)], Echoed("1"), Echoed(), Alive).AtOnce()
            .CutAt(40),
        ["Two hundred frames in one segment"] =
            Of([.. Enumerable.Range(0, 200).Select(n => Echo($"{n}"))], [.. Enumerable.Range(0, 200).Select(n => Echoed($"{n}")), Alive])
                .AtOnce(),
        ["Two hundred frames in segments of 7 bytes"] =
            Of([.. Enumerable.Range(0, 200).Select(n => Echo($"{n}"))], [.. Enumerable.Range(0, 200).Select(n => Echoed($"{n}")), Alive])
                .AtOnce().InPieces(7),

        ["A mask of zeros"] = Of(Echo() with { Mask = [0, 0, 0, 0] }, Echoed(), Alive),
        ["A mask of ones"] = Of(Echo() with { Mask = [255, 255, 255, 255] }, Echoed(), Alive),
        ["A mask that makes the payload look like a frame"] = Of(Echo() with { Mask = [0x7b ^ 0x88, 0x22 ^ 0x80, 0, 0] }, Echoed(), Alive),
        ["Another mask on each frame"] = Of([Echo("1"), Echo("2") with { Mask = [9, 8, 7, 6] }], Echoed("1"), Echoed("2"), Alive),
        ["A payload of every length modulo the mask and the word"] =
            Of([.. Enumerable.Range(30, 17).Select(EchoOf)], [.. Enumerable.Repeat(Echoed(), 17), Alive]),
        ["Text without a mask"] = Of(Echo() with { Mask = null }, ClosedWith(1002)),
        ["Text of 2 bytes without a mask"] = Of(WireFrame.OfText("{}") with { Mask = null }, ClosedWith(1002)),
        ["A ping without a mask"] = Of(WireFrame.Ping("x") with { Mask = null }, ClosedWith(1002)),
        ["A close without a mask"] = Of(WireFrame.Close(1000) with { Mask = null }, ClosedWith(1002)),
        ["A frame without a mask after a good one"] = Of([Echo(), Echo("2") with { Mask = null }], [Echoed(), .. ClosedWith(1002)]),

        ["RSV1 on text: no compression was agreed on"] = Of(Echo() with { Reserved = 4 }, ClosedWith(1002)),
        ["RSV2 on text"] = Of(Echo() with { Reserved = 2 }, ClosedWith(1002)),
        ["RSV3 on text"] = Of(Echo() with { Reserved = 1 }, ClosedWith(1002)),
        ["All reserved bits on text"] = Of(Echo() with { Reserved = 7 }, ClosedWith(1002)),
        ["RSV1 on a ping"] = Of(WireFrame.Ping() with { Reserved = 4 }, ClosedWith(1002)),
        ["RSV3 on a close"] = Of(WireFrame.Close(1000) with { Reserved = 1 }, ClosedWith(1002)),
        ["RSV2 on a continuation"] =
            Of([WireFrame.OfText("{").Unfinished(), WireFrame.Continuation("}") with { Reserved = 2 }], ClosedWith(1002)),
        ["RSV1 after a good frame, which is answered first"] = Of(
            [Echo(), Echo("2") with { Reserved = 4 }],
            [Echoed(), .. ClosedWith(1002)]),

        ["A binary frame"] = Of(new WireFrame(WireFrame.BinaryCode, [1, 2, 3]), ClosedWith(1003)),
        ["An empty binary frame"] = Of(new WireFrame(WireFrame.BinaryCode, []), ClosedWith(1003)),
        ["A binary fragment"] = Of(new WireFrame(WireFrame.BinaryCode, [1]).Unfinished(), ClosedWith(1003)),
        ["A binary frame after a good one"] = Of([Echo(), new WireFrame(WireFrame.BinaryCode, [1])], [Echoed(), .. ClosedWith(1003)]),
    };

    static FramingTests()
    {
        foreach (var opcode in new[] { 0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF })
        {
            Cases.Add($"Reserved opcode {opcode:X}", Of(new WireFrame(opcode, []), ClosedWith(1002)));
            Cases.Add(
                $"Reserved opcode {opcode:X} with a payload, after a good frame",
                Of([Echo(), new WireFrame(opcode, [1, 2])], [Echoed(), .. ClosedWith(1002)]));
        }
    }

    public static TheoryData<string, WritePath> Rows => Cases.Rows();

    [Theory]
    [MemberData(nameof(Rows))]
    public Task Framing(string name, WritePath path) => RunAsync(Cases[name], path);

    /// <summary>A frame that says how long it is, and of which nothing more comes.</summary>
    private static WireFrame Header(ulong length) => new(WireFrame.TextCode, []) { DeclaredLength = length };
}
