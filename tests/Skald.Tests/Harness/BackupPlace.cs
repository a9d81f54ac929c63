namespace Skald.Tests.Harness;

/// <summary>
/// A server's data, a backup of it and what is restored from it, each in a place of its own; and the two commands that lead from one to
/// the next.
/// </summary>
internal sealed class BackupPlace : IDisposable
{
    private readonly TestDirectory _elsewhere = new();

    public TestDirectory Data { get; } = new();

    /// <summary>A command that runs the two, and its arguments: a tracer, for example.</summary>
    public string[] Under { get; set; } = [];

    /// <summary>The directory that the backup is put into.</summary>
    public string Elsewhere => _elsewhere.Path;

    public string Backup => Path.Combine(Elsewhere, "backup.db");

    /// <summary>The data directory that the backup becomes; made by <see cref="RestoreAsync"/>.</summary>
    public string Restored => Path.Combine(Elsewhere, "restored");

    public Task<SkaldCommand> BackUpAsync(string? to = null, params string[] more) =>
        SkaldCommand.RunAsync(Under, ["backup", "--data", Data.Path, "--to", to ?? Backup, .. more]);

    public Task<SkaldCommand> RestoreAsync(string? from = null, string? data = null, params string[] more) =>
        SkaldCommand.RunAsync(Under, ["restore", "--from", from ?? Backup, "--data", data ?? Restored, .. more]);

    public void Dispose()
    {
        Data.Dispose();
        _elsewhere.Dispose();
    }
}
