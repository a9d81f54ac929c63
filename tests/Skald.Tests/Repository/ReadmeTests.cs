namespace Skald.Tests.Repository;

/// <summary>The application that the README shows is one: it is compiled, and tested as its makers would test it.</summary>
public sealed class ReadmeTests
{
    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/hosting.md")]
    public void Lines_for_ones_own_application_are_those_of_the_shop(string document) =>
        Assert.Contains($"```csharp\n{Source.Read("tests/Shop/Program.cs")}```", Source.Read(document), StringComparison.Ordinal);
}
