using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Skald.Protocol;
using Skald.Tests.Repository;

namespace Skald.Tests.Protocol;

/// <summary>docs/protocol says what the code does: its tables are the lists of the code, its examples are frames.</summary>
public sealed class ProtocolDocumentTests
{
    private static readonly string Codes = Source.Read("docs/protocol/codes.md");

    private static readonly string Pages =
        string.Concat(Source.Files("docs/protocol", "*.md").Order(StringComparer.Ordinal).Select(Source.Read));

    public static TheoryData<string> Examples =>
        [.. Regex.Matches(Pages, "```json\n(.+?)\n```", RegexOptions.Singleline).Select(match => match.Groups[1].Value)];

    [Fact]
    public void Table_of_error_codes_is_the_list_of_the_code()
    {
        var rows = Rows("## Error codes").Select(cells => (Code: cells[0].Trim('`'), Http: cells[1], Retry: cells[2])).ToArray();

        Assert.Equal(
            ErrorCode.All.Select(code => code.Name).Order(StringComparer.Ordinal),
            rows.Select(row => row.Code).Order(StringComparer.Ordinal));
        foreach (var (code, http, retry) in rows)
        {
            var known = ErrorCode.All.Single(known => known.Name == code);
            Assert.Equal(known.Retryable ? "yes" : "no", retry);
            if (http != "–")   // said on sockets only
                Assert.Equal($"{known.Status}", http);
        }
    }

    [Fact]
    public void Table_of_close_codes_is_the_list_of_the_code() =>
        Assert.Equal(
            CloseCode.Own.Select(code => ($"{code.Number}", $"`{code.Reason}`")),
            Rows("## Close codes").Select(cells => (cells[0], cells[1])));

    [Theory]
    [InlineData(1000)]
    [InlineData(1002)]
    [InlineData(1003)]
    [InlineData(1007)]
    [InlineData(1008)]
    [InlineData(1009)]
    public void Standard_close_codes_are_named(int code) =>
        Assert.Contains($"{code} ", Section("## Close codes"), StringComparison.Ordinal);

    [Fact]
    public void There_are_examples() => Assert.InRange(Examples.Count, 15, 100);

    [Theory]
    [MemberData(nameof(Examples))]
    public void Example_is_a_frame_that_server_or_client_says(string example)
    {
        var type = JsonElement.Parse(example).GetProperty("type").GetString()!;
        // A signal has one name both ways; the server's says who sent it.
        var isServers = type == "signal" && JsonElement.Parse(example).TryGetProperty("user_id", out _);
        if (ClientCommand.Types.Contains(type) && !isServers)
        {
            var command = ClientCommand.Read(Encoding.UTF8.GetBytes(example), ProtocolLimits.Default, out var error, out _);
            Assert.Null(error);
            Assert.True(
                JsonElement.DeepEquals(JsonElement.Parse(example), VectorTests.Fields(command!)),
                "The example has fields that nobody reads.");
        }
        else
        {
            var frames = JsonElement.Parse(Source.Read("protocol/vectors/server-frames.json")).EnumerateArray()
                .Select(vector => vector.GetProperty("frame").GetString());
            var entries = JsonElement.Parse(Source.Read("protocol/vectors/entries.json")).EnumerateArray()
                .SelectMany(vector => vector.GetProperty("frames").EnumerateArray()).Select(frame => frame.GetString());
            Assert.Contains(example, frames.Concat(entries));
        }
    }

    [Fact]
    public void Every_command_and_every_frame_of_the_server_has_an_example()
    {
        string[] types =
        [
            .. ClientCommand.Types,
            .. Source.Files("src/Skald.Protocol/Answers", "*.cs")
                .SelectMany(file => Regex.Matches(Source.Read(file), "Start\\(\"(\\w+)\"u8")).Select(match => match.Groups[1].Value),
            "chat_message",
        ];
        Assert.Contains("auth", types);
        Assert.Contains("closing", types);

        Assert.All(
            types,
            type => Assert.Contains(Examples, example => example.Data.Contains($"\"type\":\"{type}\"", StringComparison.Ordinal)));
    }

    private static IEnumerable<string[]> Rows(string heading) => Section(heading).Split('\n')
        .Where(line => line.StartsWith('|')).Skip(2)
        .Select(line => line.Trim('|').Split('|').Select(cell => cell.Trim()).ToArray());

    private static string Section(string heading)
    {
        var start = Codes.IndexOf(heading + "\n", StringComparison.Ordinal);
        Assert.True(start >= 0, $"There is no {heading}.");
        var end = Codes.IndexOf("\n## ", start + 1, StringComparison.Ordinal);
        return end < 0 ? Codes[start..] : Codes[start..end];
    }
}
