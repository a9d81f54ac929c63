namespace Skald.Bench.Targets;

/// <summary>Where things are: the repository, what was published from it, and the disk that the servers write to.</summary>
/// <param name="SkaldDirectory">A published Skald to run instead of the repository's own.</param>
/// <param name="BeforeDirectory">A published Skald of another version, to be measured in turn with it.</param>
/// <param name="Publishes">Whether to build what is to run; else what was built last is taken.</param>
internal sealed record Workspace(string Root, string? SkaldDirectory, string? BeforeDirectory, bool Publishes)
{
    private const string Solution = "Skald.slnx";

    /// <summary>The workspace around the running bench.</summary>
    public static Workspace Find(string? skaldDirectory, string? beforeDirectory, bool publishes)
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, Solution)))
                return new Workspace(directory.FullName, skaldDirectory, beforeDirectory, publishes);
        }

        throw new InvalidOperationException($"The bench runs from within the repository: no {Solution} above {AppContext.BaseDirectory}.");
    }

    public string Project(string path) => Path.Combine(Root, path);

    public string Published(string target) => Path.Combine(Root, "artifacts", "bench", target);

    /// <summary>A new directory on the repository's disk: a memory disk would make fsync free.</summary>
    public string NewDataDirectory() => Directory.CreateDirectory(Path.Combine(Published("data"), Path.GetRandomFileName())).FullName;
}
