using Skald.Tests.Harness;
using static Skald.Tests.Conformance.WireCase;

namespace Skald.Tests.Conformance;

/// <summary>RFC 6455, sections 5.5.1 and 7: who may close, with which codes, and that nothing follows.</summary>
public sealed class ClosingTests(WireServers servers) : WireCaseTests(servers)
{
    private static readonly int[] Allowed =
        [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];

    private static readonly int[] Forbidden = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535];

    private static readonly Dictionary<string, WireCase> Cases = new(StringComparer.Ordinal)
    {
        ["A close without a code"] = Of(WireFrame.Close(), AnsweredClose()),
        ["A close of one byte"] = Of(new WireFrame(WireFrame.CloseCode, [3]), ClosedWith(1002)),
        ["A close with a reason"] = Of(WireFrame.Close(1000, "bye"), AnsweredClose(1000)),
        ["A close with a reason of 123 bytes, the most"] = Of(WireFrame.Close(1000, new string('x', 123)), AnsweredClose(1000)),
        ["A close with a reason of 124 bytes"] = Of(WireFrame.Close(1000, new string('x', 124)), ClosedWith(1002)),
        ["A close in fragments"] = Of(WireFrame.Close(1000).Unfinished(), ClosedWith(1002)),
        ["A close byte by byte"] = Of(WireFrame.Close(1000, "bye"), AnsweredClose(1000)).InPieces(),
        ["Two closes are one"] = Of([WireFrame.Close(1000), WireFrame.Close(1001)], AnsweredClose(1000)).AtOnce(),
        ["A command after a close is not heard"] = Of([WireFrame.Close(1000), Echo()], AnsweredClose(1000)).AtOnce(),
        ["A ping after a close is not answered"] = Of([WireFrame.Close(1000), WireFrame.Ping("x")], AnsweredClose(1000)).AtOnce(),
        ["Nonsense after a close is not looked at"] = Of([WireFrame.Close(1000), new WireFrame(0xF, [1])], AnsweredClose(1000)).AtOnce(),
        ["Commands before a close are answered first"] = Of(
            [Echo("1"), Echo("2"), WireFrame.Close(1000)],
            [Echoed("1"), Echoed("2"), .. AnsweredClose(1000)]).AtOnce(),
        ["A violation after a violation changes nothing"] = Of(
            [Echo() with { Reserved = 4 }, new WireFrame(WireFrame.BinaryCode, [1])],
            ClosedWith(1002)).AtOnce(),
        ["A command after a violation is not heard"] = Of([Echo() with { Reserved = 4 }, Echo()], ClosedWith(1002)).AtOnce(),
        ["A command after a frame that is no JSON is not heard"] = Of(
            [WireFrame.OfText("no"), Echo()],
            ["error malformed", .. ClosedWith(4400)]).AtOnce(),
        ["A ping after the server's close is not answered"] = Of(
            [WireFrame.OfText("no"), WireFrame.Ping("x")],
            ["error malformed", .. ClosedWith(4400)]).AtOnce(),
    };

    static ClosingTests()
    {
        foreach (var code in Allowed)
            Cases.Add($"A close with {code}", Of(WireFrame.Close(code), AnsweredClose(code)));
        foreach (var code in Forbidden)
            Cases.Add($"A close with {code}, which may not be on the wire", Of(WireFrame.Close(code), ClosedWith(1002)));
    }

    public static TheoryData<string, WritePath> Rows => Cases.Rows();

    [Theory]
    [MemberData(nameof(Rows))]
    public Task Closing(string name, WritePath path) => RunAsync(Cases[name], path);

    [Theory]
    [InlineData(WritePath.Socket)]
    [InlineData(WritePath.Stream)]
    public async Task Close_frame_names_the_code_and_the_reason_of_the_closing_before_it(WritePath path)
    {
        using var socket = await OpenAsync(path);
        await socket.SendAsync(new WireFrame(WireFrame.BinaryCode, [1]));

        Assert.Equal("""{"type":"closing","code":1003,"reason":"binary_frame","reconnect":false}""", (await socket.ReadAsync())!.Text);
        Assert.Equal("binary_frame", (await socket.ReadAsync())!.Reason);
    }
}
