using Npgsql;
using Skald.Server.Database;
using Skald.Server.Operations;

namespace Skald.Server.Storage.Postgres;

/// <summary>Applies <see cref="SchemaSteps"/> at start, and reads the epoch.</summary>
internal static class PostgresSchema
{
    /// <summary>An advisory lock of the transaction: the letters "skal", and a number of ours.</summary>
    private const string Lock = "8316848253354115073";

    private static readonly SchemaSteps Steps = new(
        typeof(PostgresSchema), $"name another database in {StorageOptions.PostgresSetting}");

    public static int Newest => Steps.Newest;

    /// <summary>In one transaction, and by one node at a time: of two that start together, the second finds it done.</summary>
    /// <param name="place">For the operator.</param>
    /// <exception cref="StartupRefusedException">A newer program wrote it.</exception>
    public static void Apply(NpgsqlConnection connection, string place)
    {
        using var transaction = connection.BeginTransaction();
        Execute(connection, $"SELECT pg_advisory_xact_lock({Lock})");
        foreach (var sql in Steps.From(ReadVersion(connection), place))
            Execute(connection, sql);
        transaction.Commit();
    }

    public static string ReadEpoch(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand("SELECT epoch FROM server", connection);
        return (string)command.ExecuteScalar()!;
    }

    /// <returns>0 for an empty database.</returns>
    public static int ReadVersion(NpgsqlConnection connection)
    {
        if (!HasTable(connection, "server"))
            return 0;
        using var version = new NpgsqlCommand("SELECT schema_version FROM server", connection);
        return (int)version.ExecuteScalar()!;
    }

    public static bool IsUnfinishedCopy(NpgsqlConnection connection) => HasTable(connection, UnfinishedCopy.Table);

    private static bool HasTable(NpgsqlConnection connection, string name)
    {
        using var table = new NpgsqlCommand("SELECT to_regclass($1) IS NOT NULL", connection) { Parameters = { new() { Value = name } } };
        return (bool)table.ExecuteScalar()!;
    }

#pragma warning disable CA2100 // The SQL is our own.
    private static void Execute(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }
#pragma warning restore CA2100
}
