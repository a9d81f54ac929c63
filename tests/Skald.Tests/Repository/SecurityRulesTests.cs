using Skald.Tests.Harness;

namespace Skald.Tests.Repository;

/// <summary>What the repository itself must say and hold for security's sake.</summary>
public sealed class SecurityRulesTests
{
    [Theory]
    [Attack("A-67")]
    [InlineData("CS4014")]
    [InlineData("VSTHRD110")]
    [InlineData("CA2012")]
    [InlineData("CA2100")]
    public void Check_that_nobody_awaits_and_sql_made_of_input_do_not_build(string rule)
    {
        Assert.Contains($"dotnet_diagnostic.{rule}.severity = error", Source.Read(".editorconfig"), StringComparison.Ordinal);
        Assert.Contains(
            "<TreatWarningsAsErrors>true</TreatWarningsAsErrors>",
            Source.Read("Directory.Build.props"),
            StringComparison.Ordinal);
    }

    [Fact]
    [Attack("A-67")]
    public void No_method_throws_its_exceptions_away() =>
        Assert.Empty(Source.Files("src", "*.cs").Where(file => Source.Read(file).Contains("async void", StringComparison.Ordinal)));

    [Fact]
    [Attack("A-48")]
    public void Server_has_no_pattern_that_could_backtrack() =>
        Assert.Empty(Source.Files("src", "*.cs").Where(file => Source.Read(file) is var code

            && code.Contains("Regex", StringComparison.Ordinal)
            && !code.Contains("RegexOptions.NonBacktracking", StringComparison.Ordinal)));

    [Fact]
    [Attack("A-68")]
    public void Whoever_finds_a_hole_is_told_where_to_report_it_and_what_is_supported()
    {
        var security = Source.Read("SECURITY.md");

        Assert.Contains("To report a hole", security, StringComparison.Ordinal);
        Assert.Contains("Supported", security, StringComparison.Ordinal);
    }
}
