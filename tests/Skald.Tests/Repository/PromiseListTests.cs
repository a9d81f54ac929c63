using System.Reflection;
using System.Text.RegularExpressions;

namespace Skald.Tests.Repository;

/// <summary>What docs/promises.md tells a stranger to run is there to be run.</summary>
public sealed partial class PromiseListTests
{
    private static readonly ILookup<string, Type> Classes = typeof(PromiseListTests).Assembly.GetTypes().Where(type => type.IsPublic)
        .ToLookup(type => type.Name, StringComparer.Ordinal);

    [Fact]
    public void Every_test_that_the_page_names_exists()
    {
        var named = Test().Matches(Source.Read("docs/promises.md"))
            .Select(match => (Class: match.Groups[1].Value, Method: match.Groups[2].Value)).Distinct().ToArray();

        Assert.NotEmpty(named);
        Assert.Empty(named.Where(test => !Exists(test.Class, test.Method)));
    }

    [Fact]
    public void Every_promise_has_a_test_and_a_way_to_break_it() =>
        Assert.All(
            Row().Matches(Source.Read("docs/promises.md")),
            row => Assert.All(row.Groups[1].Captures, cell => Assert.False(string.IsNullOrWhiteSpace(cell.Value), row.Value)));

    /// <summary>The pages name a test by its class alone.</summary>
    [Fact]
    public void Every_test_class_has_a_name_of_its_own() =>
        Assert.Empty(
            Classes.Where(classes => classes.Key.EndsWith("Tests", StringComparison.Ordinal) && classes.Count() > 1)
                .SelectMany(classes => classes).Select(type => type.FullName));

    [Theory]
    [InlineData("PromiseListTests", "Every_test_that_the_page_names_exists", true)]
    [InlineData("PromiseListTests", "Every_test_that_nobody_wrote", false)]
    [InlineData("NoSuchTests", "", false)]
    public void The_rule_itself_tells_what_is_there_from_what_is_not(string type, string method, bool exists) =>
        Assert.Equal(exists, Exists(type, method));

    private static bool Exists(string type, string method) =>
        Classes[type]
            .Any(found => method.Length == 0 || found.GetMethods(BindingFlags.Public | BindingFlags.Instance).Any(m => m.Name == method));

    [GeneratedRegex(@"\b([A-Z]\w+Tests)\b(?:\.([A-Z]\w+_\w+))?")]
    private static partial Regex Test();

    [GeneratedRegex(@"^\| \*\*P-(?:[^|]*\|)([^|]*\|)+$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
