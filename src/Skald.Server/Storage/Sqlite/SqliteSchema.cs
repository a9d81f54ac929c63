using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Skald.Protocol;
using Skald.Server.Operations;

namespace Skald.Server.Storage.Sqlite;

/// <summary>The numbered SQL files in Schema/: applied at start, in one transaction, from the version that the file has.</summary>
internal static class SqliteSchema
{
    private static readonly (int Version, string Resource)[] Steps = FindSteps();

    public static void Apply(SqliteConnection connection, string file)
    {
        var version = ReadVersion(connection);
        var newest = Steps[^1].Version;
        if (version > newest)
            throw new StartupRefusedException(
                $"The database {file} was written by a newer Skald (schema {version}; this program knows {newest}). Start the newer program, or choose another directory with --data DIR.");
        if (version == newest)
            return;

        using var transaction = connection.BeginTransaction();
        foreach (var step in Steps.Where(step => step.Version > version))
            Execute(connection, transaction, ReadResource(step.Resource));
        if (version == 0)
            Execute(connection, transaction, $"INSERT INTO server (id, epoch, schema_version) VALUES (1, '{NewEpoch()}', 0)");
        Execute(connection, transaction, $"UPDATE server SET schema_version = {newest.ToString(CultureInfo.InvariantCulture)}");
        transaction.Commit();
    }

    public static string ReadEpoch(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT epoch FROM server";
        return (string)command.ExecuteScalar()!;
    }

    /// <summary>Makes a restored copy a log of its own: with another epoch, and with no session of what it was copied from.</summary>
    /// <param name="connection">The copy, in the newest schema.</param>
    /// <param name="now">When it is restored.</param>
    /// <returns>The epoch.</returns>
    public static string BeginAnew(SqliteConnection connection, Timestamp now)
    {
        var epoch = NewEpoch();
        using var transaction = connection.BeginTransaction();
        using var command = connection.CreateCommand();
        command.CommandText =
            "UPDATE server SET epoch = $epoch, restored_at = $now; UPDATE sessions SET revoked_at = $now WHERE revoked_at IS NULL";
        command.Parameters.AddWithValue("$epoch", epoch);
        command.Parameters.AddWithValue("$now", now.Microseconds);
        command.ExecuteNonQuery();
        transaction.Commit();
        return epoch;
    }

    /// <returns>0 for a new file.</returns>
    private static int ReadVersion(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM sqlite_schema WHERE name = 'server'";
        if ((long)command.ExecuteScalar()! == 0)
            return 0;
        command.CommandText = "SELECT schema_version FROM server";
        return (int)(long)command.ExecuteScalar()!;
    }

    private static string NewEpoch() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    private static (int Version, string Resource)[] FindSteps()
    {
        const string Prefix = "Skald.Server.Storage.Sqlite.Schema.";
        return
        [
            .. Assembly.GetExecutingAssembly().GetManifestResourceNames()
                .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
                .Select(name => (int.Parse(name.AsSpan(Prefix.Length, 4), CultureInfo.InvariantCulture), name))
                .Order(),
        ];
    }

    private static string ReadResource(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

#pragma warning disable CA2100 // The SQL is our own: the files in Schema/, a version and an epoch made above.
    private static void Execute(SqliteConnection connection, SqliteTransaction transaction, string sql)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
#pragma warning restore CA2100
}
