using System.Text.RegularExpressions;

namespace Skald.Tests.Repository;

/// <summary>The server's folders stand in one order, and each uses only those before it: ARCHITECTURE.md.</summary>
public sealed partial class FolderOrderTests
{
    private const string Server = "src/Skald.Server/";

    private static readonly string[] Order = ["Operations", "Transport", "Accounts", "Rooms", "History", "Delivery", "MessagePipeline", "Connections"];

    /// <summary>Implements the interfaces of the others, so it may use what they are made of; only the composition may use it.</summary>
    private static readonly string[] StorageMayUse = ["Operations", "Transport", "Accounts", "Rooms", "History"];

    [Fact]
    public void Every_folder_uses_only_those_before_it()
    {
        var violations = Source.Files(Server, "*.cs").SelectMany(file =>
            Uses(file).Where(used => !MayUse(FolderOf(file), used)).Select(used => $"{file} uses {used}"));

        Assert.Empty(violations);
    }

    [Fact]
    public void Every_folder_has_its_place_in_the_order()
    {
        var folders = Directory.EnumerateDirectories(Path.Combine(Source.Root, Server)).Select(Path.GetFileName)
            .Where(folder => folder is not ("bin" or "obj" or "wwwroot" or "Storage" or "Properties" or "data"));

        Assert.Empty(folders.Except(Order));
    }

    [Fact]
    public void Namespaces_equal_folders()
    {
        var misplaced = Source.Files("src", "*.cs").Where(file =>
        {
            var expected = Path.GetDirectoryName(file)!.Replace('\\', '/')["src/".Length..].Replace('/', '.');
            return NamespaceLine().Match(Source.Read(file)) is { Success: true } match && match.Groups[1].Value != expected;
        });

        Assert.Empty(misplaced);
    }

    [Fact]
    public void The_protocol_uses_the_base_library_only() =>
        Assert.DoesNotContain("Reference", Source.Read("src/Skald.Protocol/Skald.Protocol.csproj"), StringComparison.Ordinal);

    [Theory]
    [InlineData("Rooms", "History", false)]
    [InlineData("History", "Rooms", true)]
    [InlineData("Delivery", "MessagePipeline", false)]
    [InlineData("Connections", "Storage", false)]
    [InlineData("Storage", "Connections", false)]
    public void The_rule_itself_tells_before_from_after(string folder, string used, bool allowed) => Assert.Equal(allowed, MayUse(folder, used));

    private static bool MayUse(string folder, string used) => folder switch
    {
        "" => true,                                  // Program and SkaldHost put everything together
        _ when folder == used => true,
        "Storage" => StorageMayUse.Contains(used),
        _ => used != "Storage" && Array.IndexOf(Order, used) < Array.IndexOf(Order, folder),
    };

    private static string FolderOf(string file)
    {
        var path = file[Server.Length..];
        return path == "MessagePipeline.cs" ? "MessagePipeline" : path.Contains('/', StringComparison.Ordinal) ? path[..path.IndexOf('/', StringComparison.Ordinal)] : "";
    }

    /// <summary>Folders named in using lines or by qualified names, and the pipeline, which has no folder.</summary>
    private static IEnumerable<string> Uses(string file)
    {
        var code = Comments().Replace(Source.Read(file), "");
        return Qualified().Matches(code).Select(match => match.Groups[1].Value).Distinct()
            .Where(name => name == "Storage" || Order.Contains(name));
    }

    [GeneratedRegex(@"(?:Skald\.Server\.|(?<![.\w""])(?=(?:Operations|Accounts|History|Delivery|Connections|Storage)\.[A-Z])|\b(?=MessagePipeline\b))(\w+)")]
    private static partial Regex Qualified();

    [GeneratedRegex(@"//[^\n]*|""[^""\n]*""")]
    private static partial Regex Comments();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();
}
