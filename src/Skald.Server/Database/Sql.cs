using System.Data.Common;

namespace Skald.Server.Database;

/// <summary>One statement on a connection of <see cref="IDatabase"/>, in the SQL that SQLite and PostgreSQL share.</summary>
/// <remarks>
/// Parameters are <c>@name</c>, of type long, int, bool, string, byte[] or null. Times are microseconds in an integer column. A bool is
/// for a condition (<c>CASE WHEN @disabled</c>), not for a column: SQLite has none of that type. <c>INSERT … ON CONFLICT … DO
/// NOTHING</c> and <c>RETURNING</c> are in both; <c>iif</c>, <c>INSERT OR IGNORE</c> and <c>rowid</c> are SQLite's alone.
/// </remarks>
internal static class Sql
{
    /// <returns>How many rows it changed.</returns>
    public static Task<int> ExecuteAsync(
        this DbConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        return RunAsync(Command(connection, sql, parameters));

        static async Task<int> RunAsync(DbCommand command)
        {
            await using (command)
                return await command.ExecuteNonQueryAsync();
        }
    }

    /// <returns>The first row; null where there is none.</returns>
    public static Task<T?> FirstAsync<T>(
        this DbConnection connection, string sql, Func<DbDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        return RunAsync(Command(connection, sql, parameters), read);

        static async Task<T?> RunAsync(DbCommand command, Func<DbDataReader, T> read)
        {
            await using (command)
            await using (var row = await command.ExecuteReaderAsync())
                return await row.ReadAsync() ? read(row) : default;
        }
    }

    /// <returns>All rows.</returns>
    public static Task<List<T>> ListAsync<T>(
        this DbConnection connection, string sql, Func<DbDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        return RunAsync(Command(connection, sql, parameters), read);

        static async Task<List<T>> RunAsync(DbCommand command, Func<DbDataReader, T> read)
        {
            await using (command)
            await using (var row = await command.ExecuteReaderAsync())
            {
                var all = new List<T>();
                while (await row.ReadAsync())
                    all.Add(read(row));
                return all;
            }
        }
    }

    private static DbCommand Command(DbConnection connection, string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // The callers' own constants; what comes from outside is a parameter.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value ?? DBNull.Value;
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
