using System.Text.RegularExpressions;

namespace Skald.Tests.Repository;

/// <summary>
/// A part of docs/operations.md that is written from the code, between <c>&lt;!-- name: … --></c> and <c>&lt;!-- /name --></c>.
/// </summary>
internal static class WrittenSection
{
    private const string Document = "docs/operations.md";

    /// <summary>The document says what the code says; with <c>SKALD_WRITE_DOCS=1</c> it is made to.</summary>
    public static void AssertIs(string name, string table)
    {
        var expected = new Regex($"(?s)(<!-- {name}:[^>]*-->).*?(<!-- /{name} -->)", RegexOptions.None, TimeSpan.FromSeconds(1))
            .Replace(Source.Read(Document), match => $"{match.Groups[1].Value}\n\n{table}\n{match.Groups[2].Value}");
        if (Environment.GetEnvironmentVariable("SKALD_WRITE_DOCS") == "1")
            File.WriteAllText(Path.Combine(Source.Root, Document), expected);

        Assert.Contains($"<!-- {name}:", expected, StringComparison.Ordinal);
        Assert.Equal(expected, Source.Read(Document));
    }
}
