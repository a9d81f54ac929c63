namespace Skald.Bench.Targets;

/// <summary>Where things are: the repository, what was published from it, and the disk that the servers write to.</summary>
internal sealed record Workspace(string Root, string? SkaldDirectory, bool Publishes)
{
    private const string Solution = "Skald.slnx";

    /// <param name="skaldDirectory">A published Skald to run instead of the repository's own.</param>
    /// <param name="publishes">Whether to build what is to run; else what was built last is taken.</param>
    public static Workspace Find(string? skaldDirectory, bool publishes)
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, Solution)))
                return new Workspace(directory.FullName, skaldDirectory, publishes);
        }

        throw new InvalidOperationException($"The bench runs from within the repository: no {Solution} above {AppContext.BaseDirectory}.");
    }

    public string Project(string path) => Path.Combine(Root, path);

    public string Published(string target) => Path.Combine(Root, "artifacts", "bench", target);

    /// <summary>A new directory on the repository's disk: a memory disk would make fsync free.</summary>
    public string NewDataDirectory() => Directory.CreateDirectory(Path.Combine(Published("data"), Path.GetRandomFileName())).FullName;
}
