using System.Text.RegularExpressions;

namespace Skald.Tests.Repository;

/// <summary>An id such as A-12 or P-5 sends the reader to a row of docs/attacks.md or docs/promises.md: the row is there.</summary>
public sealed partial class IdReferenceTests
{
    private static readonly HashSet<string> Defined =
        [.. Row().Matches(Source.Read("docs/attacks.md") + Source.Read("docs/promises.md"))
            .SelectMany(row => row.Groups[1].Captures).Select(id => id.Value)];

    [Fact]
    public void Every_id_that_a_file_names_is_defined()
    {
        var unknown = new[] { "src", "clients", "tests", "bench", "packaging", "protocol", "docs" }
            .SelectMany(folder => Source.Files(folder, "*"))
            .Where(file => Text().IsMatch(file) && Path.GetFileNameWithoutExtension(file) != nameof(IdReferenceTests))
            .SelectMany(file => Unknown(Source.Read(file)).Select(id => $"{file} names {id}"));

        Assert.NotEmpty(Defined);
        Assert.Empty(unknown);
    }

    [Theory]
    [InlineData("it is refused (A-2, P-3)")]
    [InlineData("HA-900 and A-B")]
    [InlineData("SHA-256, UTF-8, B-1")]
    [InlineData("it is refused (A-2, N-900)", "N-900")]
    [InlineData("P-900: what nobody promised, A-901", "P-900", "A-901")]
    public void The_rule_itself_tells_what_is_defined_from_what_is_not(string text, params string[] unknown) =>
        Assert.Equal(unknown, Unknown(text));

    /// <remarks>What is not kept yet is listed too: docs/promises.md says so below its tables.</remarks>
    private static IEnumerable<string> Unknown(string text) =>
        Id().Matches(NotKept().Replace(text, "")).Select(match => match.Value).Where(id => !Defined.Contains(id));

    [GeneratedRegex(@"^\| (?:\*\*)?(?:([AP]-\d+)(?:, )?)+(?:\*\*| \|)", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"(?<![\w-])[APN]-\d+\b(?!-)")]
    private static partial Regex Id();

    [GeneratedRegex("^Not kept yet:.*$", RegexOptions.Multiline)]
    private static partial Regex NotKept();

    [GeneratedRegex(@"\.(cs|js|md|json|sh|sql|css|html|service)$")]
    private static partial Regex Text();
}
