using System.Globalization;
using System.Text.RegularExpressions;

namespace Skald.Tests.Repository;

/// <summary>No line is longer than <c>max_line_length</c> of .editorconfig. The build does not know that setting.</summary>
public sealed partial class LineLengthTests
{
    private static readonly int Max =
        int.Parse(Setting().Match(Source.Read(".editorconfig")).Groups[1].ValueSpan, CultureInfo.InvariantCulture);

    [Theory]
    [InlineData("src")]
    [InlineData("tests")]
    [InlineData("bench")]
    [InlineData("clients")]
    public void No_line_of_code_is_too_long(string folder) =>
        Assert.Empty(new[] { "*.cs", "*.js", "*.css", "*.sql" }.SelectMany(pattern => Source.Files(folder, pattern))
            .SelectMany(file => TooLong(Source.Read(file)).Select(line => $"{file}: {line}")));

    [Fact]
    public void No_line_of_prose_is_too_long() =>
        Assert.Empty(Source.Files("", "*.md")
            .SelectMany(file => TooLong(Unwrapped().Replace(Source.Read(file), "")).Select(line => $"{file}: {line}")));

    [Fact]
    public void The_rule_itself_tells_long_lines_from_others()
    {
        var fits = new string('x', Max);
        var text = new string('x', 101);

        Assert.Empty(TooLong($"{fits}\n{fits}"));
        Assert.Equal([$"{fits}x"], TooLong($"{fits}\n{fits}x\n"));
        Assert.Empty(TooLong($"{new string(' ', 60)}\"{text}\""));
        Assert.Single(TooLong($"{new string(' ', 60)}\"{text[1..]}\""));
        Assert.Equal("a\n\nb\n\nc", Unwrapped().Replace("a\n| cell | cell |\nb\n```js\ncode\n```\nc", ""));
    }

    /// <remarks>A text or a pattern of over 100 characters may make its line longer: nobody finds one that is cut into pieces.</remarks>
    private static IEnumerable<string> TooLong(string text) =>
        text.Split('\n').Where(line => line.Length > Max && !LongText().IsMatch(line));

    [GeneratedRegex(@"^max_line_length = (\d+)$", RegexOptions.Multiline)]
    private static partial Regex Setting();

    [GeneratedRegex("""
        "(?:[^"\\]|\\.){101,}"|"{3}.{101,}"{3}|/\^.{101,}\$/
        """)]
    private static partial Regex LongText();

    /// <summary>What Markdown has no way to wrap: rows of tables, and blocks of code.</summary>
    [GeneratedRegex(@"^\|.*$|^```(?s:.*?)^```$|^<!--.*$", RegexOptions.Multiline)]
    private static partial Regex Unwrapped();
}
