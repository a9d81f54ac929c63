using System.Buffers;
using Skald.Server.Database;
using Skald.Server.Identity;
using Skald.Server.Operations;
using Skald.Server.Storage.Copy;
using Skald.Server.Storage.Sqlite;

namespace Skald;

/// <summary><c>skald copy</c>: a deployment from SQLite to PostgreSQL, or back.</summary>
internal static class CopyCommand
{
    private const string From = "--from", To = "--to", Written = "Host=…;Database=…;Username=…;Password=…";

    /// <summary>What the names in a connection string are made of.</summary>
    private static readonly SearchValues<char> InNames =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ");

    /// <param name="from">A data directory, or a connection string; <c>postgres</c> for that of the settings.</param>
    /// <param name="to">The other of the two.</param>
    public static async Task RunAsync(string from, string to)
    {
        var toPostgres = IsPostgres(to);
        if (toPostgres == IsPostgres(from))
            throw new CommandRefusedException(toPostgres
                ? $"{From} and {To} are both databases of PostgreSQL. Name a data directory with one of them; pg_dump copies a database."
                : $"{From} and {To} are both directories. Write {Written} behind one of them; skald backup copies what is in a directory.");
        using ICopyEnd source = toPostgres
            ? SqliteEnd.OpenSource(from, From)
            : PostgresEnd.OpenSource(ConnectionString(from, From), From);
        using ICopyEnd target = toPostgres
            ? PostgresEnd.OpenTarget(ConnectionString(to, To), To)
            : SqliteEnd.OpenTarget(to, To);
        var progress = new ProgressLine();
        var started = TimeProvider.System.GetTimestamp();
        IReadOnlyDictionary<CopiedTable, long>? rows;
        try
        {
            rows = await new DeploymentCopy(source, target, progress, Tell).RunAsync();
        }
        finally
        {
            progress.Clear();
        }

        var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        Console.WriteLine(rows is null
            ? $"{target.Place} is a whole copy of {source.Place} already."
            : $"{target.Place} is the same as {source.Place}, compared row by row: " +
                $"{string.Join(", ", rows.Select(table => $"{table.Value:N0} {table.Key.Name}"))}, in {seconds:N1} s.");
        if (toPostgres)
            SayAfterPostgres(from);
        else
            SayAfterSqlite(to);

        void Tell(string line)
        {
            progress.Clear();
            Console.WriteLine(line);
        }
    }

    private static void SayAfterPostgres(string from)
    {
        var directory = Path.GetFullPath(from);
        Console.WriteLine(
            $"Set {StorageOptions.EngineSetting} to {StorageOptions.PostgreSql} and {StorageOptions.PostgresSetting} to this database, " +
            $"keep --data {directory} (its {KeyFile.Name} keeps everybody signed in), and start the server.");
        Console.WriteLine(
            $"{Path.Combine(directory, SqliteFile.Name)} is as it was. Move it and its -wal and -shm elsewhere: " +
            "a server that is started on it would go on with the same log in another way.");
    }

    private static void SayAfterSqlite(string to)
    {
        var directory = Path.GetFullPath(to);
        var keys = Path.Combine(directory, KeyFile.Name);
        Console.WriteLine(File.Exists(keys)
            ? $"{keys} is there already: it must be that of the server that ran on PostgreSQL, or everybody is signed out."
            : $"There is no {keys}. Copy that of the server that ran on PostgreSQL there before the first start, " +
                "or set Accounts:SigningKey as it was there: else everybody is signed out.");
        Console.WriteLine(
            $"Take {StorageOptions.EngineSetting} and {StorageOptions.PostgresSetting} out of the settings, and start the server " +
            $"with --data {directory}.");
        Console.WriteLine(
            "Start none on the database of PostgreSQL any more: it would go on with the same log in another way.");
    }

    /// <summary>A connection string begins with a name and =; a directory of such a name can be written ./NAME=….</summary>
    private static bool IsPostgres(string place) =>
        IsOfSettings(place)
        || place.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase)
        || place.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase)
        || (place.IndexOf('=', StringComparison.Ordinal) is var end and > 0
            && place.AsSpan(0, end).IndexOfAnyExcept(InNames) < 0);

    private static bool IsOfSettings(string place) => place.Equals(StorageOptions.PostgreSql, StringComparison.OrdinalIgnoreCase);

    private static string ConnectionString(string place, string option)
    {
        if (!IsOfSettings(place))
            return place;
        return WebApplication.CreateSlimBuilder().Configuration[StorageOptions.PostgresSetting] is { Length: > 0 } written
            ? written
            : throw new CommandRefusedException(
                $"{option} {place} is the database of {StorageOptions.PostgresSetting}, which is not set. Set it, or write {Written} here.");
    }
}
