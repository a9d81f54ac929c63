using Microsoft.Data.Sqlite;
using Skald.Protocol;
using Skald.Server.Database;

namespace Skald.Server.Storage.Sqlite;

/// <summary>Applies <see cref="SchemaSteps"/> at start, and reads and names the epoch.</summary>
internal static class SqliteSchema
{
    private static readonly SchemaSteps Steps = new(typeof(SqliteSchema), "choose another directory with --data DIR");

    public static int Newest => Steps.Newest;

    /// <summary>In one transaction; nothing is written where nothing is to be done, so that a full disk keeps no database shut.</summary>
    /// <param name="connection">The only one that writes: <see cref="SqliteFile.Lock"/>.</param>
    /// <param name="file">For the operator.</param>
    public static void Apply(SqliteConnection connection, string file)
    {
        var steps = Steps.From(ReadVersion(connection), file);
        if (steps.Count == 0)
            return;
        using var transaction = connection.BeginTransaction();
        foreach (var sql in steps)
            Execute(connection, transaction, sql);
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
        var epoch = SchemaSteps.NewEpoch();
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
    public static int ReadVersion(SqliteConnection connection)
    {
        if (!HasTable(connection, "server"))
            return 0;
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT schema_version FROM server";
        return (int)(long)command.ExecuteScalar()!;
    }

    public static bool IsUnfinishedCopy(SqliteConnection connection) => HasTable(connection, UnfinishedCopy.Table);

    private static bool HasTable(SqliteConnection connection, string name)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM sqlite_schema WHERE name = $name";
        command.Parameters.AddWithValue("$name", name);
        return (long)command.ExecuteScalar()! > 0;
    }

#pragma warning disable CA2100 // The SQL is our own.
    private static void Execute(SqliteConnection connection, SqliteTransaction transaction, string sql)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
#pragma warning restore CA2100
}
