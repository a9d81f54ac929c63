using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Skald.Tests.Repository;

/// <summary>The repository these tests were compiled from.</summary>
internal static partial class Source
{
    public static string Root { get; } = FindRoot();

    /// <summary>Files below a folder, as paths from the root; what builds and packages leave behind is not there.</summary>
    public static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Where(path => !MadeByTools().IsMatch(path));

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    [GeneratedRegex(@"(^|/)(bin|obj|node_modules|artifacts|data|\.git)/", RegexOptions.NonBacktracking)]
    private static partial Regex MadeByTools();

    private static string FindRoot([CallerFilePath] string here = "")
    {
        var directory = new DirectoryInfo(Path.GetDirectoryName(here)!);
        while (!File.Exists(Path.Combine(directory.FullName, "Skald.slnx")))
            directory = directory.Parent ?? throw new InvalidOperationException("The tests run outside of their repository.");
        return directory.FullName;
    }
}
