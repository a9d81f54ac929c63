using System.Globalization;
using System.Text.RegularExpressions;

namespace Skald.Tests.Repository;

/// <summary>Docs that name what is gone are worse than none: every path, type and setting they name must exist.</summary>
public sealed partial class DocsReferenceTests
{
    public static TheoryData<string> Documents() => [.. Source.Files("", "*.md").Where(path => path != "LICENSE")];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_path_in_code_marks_exists(string document) =>
        Assert.Empty(InCode(document).Where(text => Path_().IsMatch(text) && !Exists(document, text)));

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_link_leads_somewhere(string document) =>
        Assert.Empty(Link().Matches(Source.Read(document)).Select(match => match.Groups[1].Value)
            .Where(target => !target.StartsWith("http", StringComparison.Ordinal) && !target.StartsWith('#'))
            .Where(target => !Exists(document, target.Split('#')[0])));

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_type_in_code_marks_exists(string document) =>
        Assert.Empty(InCode(document).Where(text => TypeName().IsMatch(text)).Where(text => !Words.Value.Contains(text.Split('.')[0])));

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_setting_exists(string document)
    {
        var sections = KnownSettings.Classes.ToLookup(Server.Settings.Setting.SectionOf, StringComparer.Ordinal);

        Assert.Empty(InCode(document).Select(text => Setting().Match(text)).Where(match => match.Success)
            .Where(match => sections[match.Groups[1].Value].ToArray() is { Length: > 0 } section
                && !Array.Exists(section, type => type.GetProperty(match.Groups[2].Value) is not null))
            .Select(match => match.Value));
    }

    [Fact]
    public void Every_decision_has_its_own_number_in_its_title() =>
        Assert.All(
            Source.Files("docs/decisions", "0*.md"),
            document => Assert.StartsWith(
                $"# {int.Parse(Path.GetFileName(document).AsSpan(0, 4), CultureInfo.InvariantCulture)}. ",
                Source.Read(document),
                StringComparison.Ordinal));

    /// <summary>Words of the code, of which a type's name must be one.</summary>
    private static readonly Lazy<HashSet<string>> Words = new(() =>
        [.. new[] { "src", "tests", "bench", "clients" }
            .SelectMany(folder => Source.Files(folder, "*.cs").Concat(Source.Files(folder, "*.js")))
            .SelectMany(file => Word().Matches(Source.Read(file)).Select(match => match.Value))]);

    private static IEnumerable<string> InCode(string document) =>
        Code().Matches(Fence().Replace(Source.Read(document), "")).Select(match => match.Groups[1].Value);

    private static bool Exists(string document, string path) =>
        new[] { "", Path.GetDirectoryName(document)!, "src/Skald.Server" }
            .Select(from => Path.Combine(Source.Root, from, path))
            .Any(full => File.Exists(full) || Directory.Exists(full));

    [GeneratedRegex(@"(?s)```.*?```")]
    private static partial Regex Fence();

    [GeneratedRegex(@"`([^`\n]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"^(?!/)(?:[\w.-]+/)*(?:[\w.-]+\.(?:cs|md|js|json|sh|sql|slnx|props|css|html)|[\w.-]+/)$")]
    private static partial Regex Path_();

    [GeneratedRegex(@"^[A-Z][a-z]+(?:[A-Z][a-z0-9]+)+(?:\.[A-Z]\w+)?$")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"^([A-Z]\w+):([A-Z]\w+)")]
    private static partial Regex Setting();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();
}
