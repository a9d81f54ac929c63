using System.Text;
using Skald.Tests.Harness;

namespace Skald.Tests.Conformance;

/// <summary>What is put on the wire, and what must come back, in order.</summary>
/// <param name="Sends">Written one after the other, each in a segment of its own.</param>
/// <param name="Expects">Frames as <see cref="Describe"/> puts them; then how it ends.</param>
internal sealed record WireCase(byte[][] Sends, string[] Expects)
{
    /// <summary>The connection lives: a ping sent now is answered.</summary>
    public const string Alive = "alive";

    /// <summary>The connection has ended.</summary>
    public const string End = "end";

    /// <summary>A command that the server echoes, and the frame that carries it.</summary>
    public static WireFrame Echo(string id = "1") => WireFrame.OfText(EchoText(id));

    public static string EchoText(string id = "1") => $$"""{"type":"ping","id":"{{id}}"}""";

    /// <summary>The same in so many bytes: JSON lets spaces stand around it.</summary>
    public static WireFrame EchoOf(int length) => WireFrame.OfText(EchoText().PadRight(length));

    /// <summary>What the server answers to <see cref="Echo"/>.</summary>
    public static string Echoed(string id = "1") => $"echo {id}";

    /// <summary>The server says why, closes, and ends the connection once that is answered.</summary>
    public static string[] ClosedWith(int code) => [$"closing {code}", $"close {code}", End];

    /// <summary>The server answers the client's close, and ends the connection.</summary>
    public static string[] AnsweredClose(int? code = null) => [$"close {code}".TrimEnd(), End];

    public static WireCase Of(IEnumerable<byte[]> sends, params string[] expects) => new([.. sends], expects);

    public static WireCase Of(WireFrame send, params string[] expects) => new([send.Encode()], expects);

    public static WireCase Of(WireFrame[] sends, params string[] expects) => new([.. sends.Select(f => f.Encode())], expects);

    /// <summary>The same bytes in one segment.</summary>
    public WireCase AtOnce() => this with { Sends = [[.. Sends.SelectMany(s => s)]] };

    /// <summary>The same bytes in segments of so many.</summary>
    public WireCase InPieces(int size = 1) => this with { Sends = [.. Sends.SelectMany(s => s).Chunk(size)] };

    /// <summary>The same bytes in two segments, the first of so many.</summary>
    public WireCase CutAt(int length)
    {
        var bytes = Sends.SelectMany(s => s).ToArray();
        return this with { Sends = [bytes[..length], bytes[length..]] };
    }

    public async Task RunAsync(RawWebSocket socket)
    {
        foreach (var bytes in Sends)
            await socket.SendAsync(bytes);
        var serverCloses = false;
        WireFrame? unread = null;
        foreach (var expected in Expects)
        {
            if (expected == Alive)
            {
                await socket.SendAsync(WireFrame.Ping("alive?"));
                Assert.Equal("pong alive?", Describe(await socket.ReadAsync()));
                continue;
            }

            // Of pings that the server reads at once it may answer the newest only, and whether it does is up to the kernel.
            var frame = unread ?? await socket.ReadAsync();
            unread = IsPong(expected) && Describe(frame) != expected && Later(expected).TakeWhile(IsPong).Contains(Describe(frame))
                ? frame
                : null;
            if (unread is not null)
                continue;
            Assert.Equal(expected, Describe(frame));
            if (serverCloses)
            {
                // What a client owes: the same close again, and then nothing more.
                await socket.SendAsync(frame! with { Mask = [1, 2, 3, 4] });
                socket.ShutdownSend();
            }

            serverCloses = expected.StartsWith("closing ", StringComparison.Ordinal);
        }
    }

    private static bool IsPong(string expected) => expected.StartsWith("pong", StringComparison.Ordinal);

    private IEnumerable<string> Later(string expected) => Expects.SkipWhile(e => e != expected).Skip(1);

    private static string Describe(WireFrame? frame)
    {
        switch (frame)
        {
            case null:
                return End;
            case { Opcode: WireFrame.TextCode }:
                // Strict: what the server sends must be UTF-8 itself.
                var json = System.Text.Json.JsonElement.Parse(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(frame.Payload));
                return json.GetProperty("type").GetString() switch
                {
                    "pong" => $"echo {json.GetProperty("re").GetString()}",
                    "closing" => $"closing {json.GetProperty("code").GetInt32()}",
                    "error" => $"error {json.GetProperty("code").GetString()}",
                    _ => frame.Text,
                };
            case { Opcode: WireFrame.CloseCode }:
                return $"close {frame.Code}".TrimEnd();
            default:
                return frame.ToString().TrimEnd();
        }
    }
}

internal static class WireCases
{
    /// <summary>Every case, over both ways out.</summary>
    public static TheoryData<string, WritePath> Rows(this IReadOnlyDictionary<string, WireCase> cases)
    {
        var rows = new TheoryData<string, WritePath>();
        foreach (var name in cases.Keys)
        {
            foreach (var path in Enum.GetValues<WritePath>())
                rows.Add(name, path);
        }

        return rows;
    }
}
