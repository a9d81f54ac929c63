using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Conversation.Messages;

/// <summary>Cursors that nobody gave out: each is refused, or it is the page that it says.</summary>
public sealed class CursorFuzzTests
{
    private const int Messages = 25;

    private static readonly string[] Oddities =
    [
        "", " ", "0", "1", "25", "26", "1000", "1001", "-1", "+1", "1.0", "1e3", "0x1", "01", " 1", "1 ", "１", "٣",
        "9223372036854775807", "9223372036854775808",
        "18446744073709551616", "99999999999999999999999999", "null", "true", "1,2", "1;2", "1'--", "1 OR 1=1", "%00", "NaN", "Infinity",
    ];

    [Fact]
    [Attack("A-37")]
    public async Task Cursor_is_refused_or_gives_the_page_that_it_says()
    {
        var random = new Random(Seed.Next(nameof(Cursor_is_refused_or_gives_the_page_that_it_says)));
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        for (var n = 1; n <= Messages; n++)
            (await ann.PublishAsync("global", $"{n}")).Dispose();
        (await ann.PublishAsync("elsewhere", "not of this room")).Dispose();

        var pages = 0;
        for (var n = Seed.Count(1_500, 10_000); n > 0; n--)
        {
            var (limit, before, after) = (Cursor(random), Cursor(random), Cursor(random));
            var query = string.Join(
                '&',
                new[] { Part("limit", limit), Part("before", before), Part("after", after) }.Where(part => part.Length > 0));
            using var response = await ann.SendAsync(HttpMethod.Get, $"/api/chat/history/global/?{query}");

            if (Expected(limit, before, after) is { } seqs)
            {
                pages++;
                Assert.True(response.StatusCode == HttpStatusCode.OK, $"{query}: {response.StatusCode}");
                var page = await response.Content.ReadFromJsonAsync<JsonElement[]>();
                Assert.True(
                    seqs.SequenceEqual(page!.Select(m => m.GetProperty("seq").GetInt64())),
                    $"{query}: {string.Join(',', page!.Select(m => m.GetProperty("seq").GetInt64()))}");
                Assert.All(page!, message => Assert.Equal("global", message.GetProperty("room").GetString()));
            }
            else
            {
                Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{query}: {response.StatusCode}");
            }
        }

        Assert.True(pages > 50, "Too few of the cursors were good to say anything.");
    }

    [Fact]
    [Attack("A-37")]
    public async Task Position_of_a_join_is_refused_or_continued_or_told_to_be_none()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        for (var n = 1; n <= Messages; n++)
            (await ann.PublishAsync("global", $"{n}")).Dispose();

        foreach (var since in Oddities.Append("1e2").Append("[]").Append("{}").Append("\"5\""))
        {
            using var raw = await RawHttp.UpgradeAsync(server.Address, $"/ws/?token={ann.Access}");
            await raw.SkipToAsync("ready");
            await raw.SendTextAsync($$"""{"type":"join","id":1,"room":"global","since":{{since}}}""");
            var answer = await raw.ReadJsonAsync();
            if (answer.GetProperty("type").GetString() == "joined")
            {
                var position = long.Parse(since is "null" ? "25" : since.Trim(), CultureInfo.InvariantCulture);
                Assert.Equal(position <= Messages, answer.GetProperty("complete").GetBoolean());
                Assert.Equal(Math.Min(position, Messages), answer.GetProperty("since").GetInt64());
            }
            else
            {
                Assert.Contains(answer.GetProperty("code").GetString(), new[] { "malformed", "bad_request" });
            }
        }
    }

    private static string? Cursor(Random random) => random.Next(6) switch
    {
        0 => Oddities[random.Next(Oddities.Length)],
        1 => random.Next(-3, 40).ToString(CultureInfo.InvariantCulture),
        2 => random.NextInt64().ToString(CultureInfo.InvariantCulture),
        _ => null,
    };

    private static string Part(string name, string? cursor) => cursor is null ? "" : $"{name}={Uri.EscapeDataString(cursor)}";

    /// <returns>The messages of the page; null where a cursor is none.</returns>
    private static long[]? Expected(string? limit, string? before, string? after)
    {
        if (Read(limit, 100, 1, 1_000) is not { } count
            || Read(before, long.MaxValue, 1, long.MaxValue) is not { } end
            || Read(after, -1, 0, long.MaxValue) is not { } start)
            return null;
        var all = Enumerable.Range(1, Messages).Select(n => (long)n).Where(seq => seq < end).ToArray();
        return start < 0 ? [.. all.TakeLast((int)count)] : [.. all.Where(seq => seq > start).Take((int)count)];
    }

    private static long? Read(string? text, long absent, long least, long most)
    {
        if (text is null)
            return absent;
        // ASCII digits and nothing else.
        return text.Length > 0 && text.All(char.IsAsciiDigit) && Int128.TryParse(
            text,
            CultureInfo.InvariantCulture,
            out var value) && value >= least && value <= most
            ? (long)value
            : null;
    }
}
