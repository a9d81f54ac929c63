using System.Reflection;
using System.Text.RegularExpressions;
using Skald.Tests.Harness;

namespace Skald.Tests.Repository;

/// <summary>Each attack of docs/attacks.md is made by at least one test, and the page names those that make it.</summary>
public sealed partial class AttackListTests
{
    private const string Document = "docs/attacks.md";

    private static readonly ILookup<string, string> Tests = Find();

    [Fact]
    public void Page_names_the_tests_that_make_each_attack()
    {
        var expected = Row().Replace(
            Source.Read(Document),
            row => $"{row.Groups[1].Value} {string.Join(", ", Tests[row.Groups["id"].Value].Select(test => $"`{test}`"))} |");
        if (Environment.GetEnvironmentVariable("SKALD_WRITE_DOCS") == "1")
            File.WriteAllText(Path.Combine(Source.Root, Document), expected);

        Assert.Equal(expected, Source.Read(Document));
    }

    [Fact]
    public void Every_attack_is_made_by_a_test_and_every_test_makes_one_of_the_page()
    {
        var rows = Row().Matches(Source.Read(Document)).Select(row => row.Groups["id"].Value).ToArray();

        Assert.NotEmpty(rows);
        Assert.Equal(rows.Distinct(), rows);
        Assert.Empty(rows.Where(id => !Tests[id].Any()));
        Assert.Empty(Tests.Select(group => group.Key).Except(rows));
    }

    private static ILookup<string, string> Find() =>
        typeof(AttackListTests).Assembly.GetTypes()
            .SelectMany(type => type.GetCustomAttributes<AttackAttribute>(inherit: false).Select(attack => (attack.Id, Test: type.Name))
                .Concat(type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
                    .SelectMany(method => method.GetCustomAttributes<AttackAttribute>()
                        .Select(attack => (attack.Id, Test: $"{type.Name}.{method.Name}")))))
            .OrderBy(made => made.Test, StringComparer.Ordinal)
            .ToLookup(made => made.Id, made => made.Test, StringComparer.Ordinal);

    [GeneratedRegex(@"^(\| (?<id>A-\d+) \|[^|]*\|[^|]*\|)[^|]*\|$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
