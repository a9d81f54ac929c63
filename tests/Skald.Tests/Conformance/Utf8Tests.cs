using System.Text;
using Skald.Tests.Harness;
using static Skald.Tests.Conformance.WireCase;

namespace Skald.Tests.Conformance;

/// <summary>RFC 6455, section 8.1, and RFC 3629: what is UTF-8 comes back as it was, what is not ends the connection.</summary>
[Attack("A-41")]
public sealed class Utf8Tests(WireServers servers) : WireCaseTests(servers)
{
    private static readonly string[] Valid =
    [
        "κόσμε", "Hello-µ@ßöäüàá-UTF-8!!", "\u007f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufeff", "\ufffd", "\ufffe",
        "\uffff",
        "\U00010000", "\U0001ffff", "\U0010fffe", "\U0010ffff", "👩‍👩‍👧‍👦", "e\u0301", "ا\u202eب",
    ];

    private static readonly Dictionary<string, string> Invalid = new(StringComparer.Ordinal)
    {
        ["a continuation byte alone"] = "80",
        ["the last continuation byte alone"] = "BF",
        ["many continuation bytes"] = "80BF80BF80BF",
        ["FE, which is never a byte of UTF-8"] = "FE",
        ["FF, which is never a byte of UTF-8"] = "FF",
        ["two bytes, the second missing"] = "C3",
        ["three bytes, the third missing"] = "E282",
        ["four bytes, the fourth missing"] = "F09F98",
        ["two bytes, the second no continuation"] = "C328",
        ["three bytes, the third no continuation"] = "E28228",
        ["four bytes, the second no continuation"] = "F0288CBC",
        ["a slash in two bytes, overlong"] = "C0AF",
        ["a slash in three bytes, overlong"] = "E080AF",
        ["a slash in four bytes, overlong"] = "F08080AF",
        ["U+0000 in two bytes, overlong"] = "C080",
        ["U+007F in two bytes, overlong"] = "C1BF",
        ["U+07FF in three bytes, overlong"] = "E09FBF",
        ["U+FFFF in four bytes, overlong"] = "F08FBFBF",
        ["the first surrogate"] = "EDA080",
        ["the last surrogate"] = "EDBFBF",
        ["a pair of surrogates"] = "EDA081EDB080",
        ["U+110000, beyond the last"] = "F4908080",
        ["a lead byte beyond F4"] = "F5808080",
        ["five bytes"] = "F888808080",
        ["six bytes"] = "FC8480808080",
    };

    private static readonly Dictionary<string, WireCase> Cases = new(StringComparer.Ordinal)
    {
        ["Two bytes split over fragments"] = Split("ö", 1),
        ["Three bytes split after the first"] = Split("€", 1),
        ["Three bytes split after the second"] = Split("€", 2),
        ["Four bytes split after the first"] = Split("😀", 1),
        ["Four bytes split after the second"] = Split("😀", 2),
        ["Four bytes split after the third"] = Split("😀", 3),
        ["A code point split over fragments, the other half wrong"] =
            Of([Piece("{\"type\":\"ping\",\"id\":\"", 0xE2, 0x82).Unfinished(), WireFrame.Continuation("\"}")], ClosedWith(1007)),
        ["A code point split over frames of their own is two halves"] = Of([Piece("", 0xC3), Piece("", 0xB6)], ClosedWith(1007)),
        ["Valid text that is no JSON"] = Of(WireFrame.OfText("κόσμε"), ["error malformed", .. ClosedWith(4400)]),
        ["Invalid bytes after a good frame, which is answered first"] = Of([Echo(), Piece("", 0xFF)], [Echoed(), .. ClosedWith(1007)]),
        ["An invalid reason of a close"] = Of(WireFrame.Close(1000, [0xFF]), ClosedWith(1007)),
        ["A reason of a close that breaks off within a code point"] = Of(WireFrame.Close(1000, [0x41, 0xE2, 0x82]), ClosedWith(1007)),
        ["A reason of a close in any script"] = Of(WireFrame.Close(1000, "κόσμε"), AnsweredClose(1000)),
    };

    static Utf8Tests()
    {
        foreach (var text in Valid)
            Cases.Add($"Valid: {Describe(text)}", Of(Echo(text), Echoed(text), Alive));
        foreach (var (name, hex) in Invalid)
        {
            Cases.Add($"Invalid: {name}", Of(Quoted(hex), ClosedWith(1007)));
            Cases.Add($"Invalid in fragments of a byte: {name}", Of(Bytes(Quoted(hex)), ClosedWith(1007)));
        }
    }

    public static TheoryData<string, WritePath> Rows => Cases.Rows();

    [Theory]
    [MemberData(nameof(Rows))]
    public Task Utf8(string name, WritePath path) => RunAsync(Cases[name], path);

    private static string Describe(string text) => string.Join(' ', text.EnumerateRunes().Select(rune => $"U+{rune.Value:X4}"));

    private static WireFrame Quoted(string hex) => WireFrame.OfText([.. "{\"id\":\""u8, .. Convert.FromHexString(hex), .. "\"}"u8]);

    private static WireFrame Piece(string text, params byte[] bytes) => WireFrame.OfText([.. Encoding.UTF8.GetBytes(text), .. bytes]);

    private static WireFrame[] Bytes(WireFrame whole) =>
    [
        .. whole.Payload.Select((b, i) =>
            new WireFrame(i == 0 ? WireFrame.TextCode : WireFrame.ContinuationCode, [b]) { Final = i == whole.Payload.Length - 1 }),
    ];

    /// <summary>An echo whose id is cut so many bytes after it began, with a ping in the cut.</summary>
    private static WireCase Split(string id, int at)
    {
        var bytes = Encoding.UTF8.GetBytes(EchoText(id));
        var cut = bytes.Length - "\"}".Length - Encoding.UTF8.GetByteCount(id) + at;
        return Of(
            [WireFrame.OfText(bytes[..cut]).Unfinished(), WireFrame.Ping("cut"), new WireFrame(WireFrame.ContinuationCode, bytes[cut..])],
            "pong cut", Echoed(id), Alive);
    }
}
