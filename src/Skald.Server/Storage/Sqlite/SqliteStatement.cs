using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Skald.Server.Storage.Sqlite;

/// <summary>A prepared statement of the hot path: binds and reads UTF-8 as it is, without a string or a parameter object.</summary>
/// <remarks>Belongs to one connection and so to one thread. Parameters count from 1, columns from 0, as in SQLite.</remarks>
internal sealed class SqliteStatement : IDisposable
{
    private static readonly ConditionalWeakTable<SqliteConnection, Dictionary<string, SqliteStatement>> Prepared = [];

    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;

    private SqliteStatement(SqliteConnection connection, string sql)
    {
        _database = connection.Handle!;
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(_database, sql, out _statement), _database);
    }

    /// <summary>The statement, prepared once a connection.</summary>
    public static SqliteStatement Get(SqliteConnection connection, string sql)
    {
        var statements = Prepared.GetOrCreateValue(connection);
        if (!statements.TryGetValue(sql, out var statement))
            statements.Add(sql, statement = new SqliteStatement(connection, sql));
        return statement;
    }

    public static void DisposeAll(SqliteConnection connection)
    {
        if (!Prepared.TryGetValue(connection, out var statements))
            return;
        foreach (var statement in statements.Values)
            statement.Dispose();
        Prepared.Remove(connection);
    }

    public SqliteStatement Bind(int parameter, long value)
    {
        Check(raw.sqlite3_bind_int64(_statement, parameter, value));
        return this;
    }

    public SqliteStatement Bind(int parameter, ReadOnlySpan<byte> utf8)
    {
        Check(raw.sqlite3_bind_text(_statement, parameter, utf8));
        return this;
    }

    public SqliteStatement Bind(int parameter, string? text)
    {
        if (text is null)
        {
            Check(raw.sqlite3_bind_null(_statement, parameter));
            return this;
        }

        Span<byte> utf8 = stackalloc byte[text.Length * 3];
        return Bind(parameter, utf8[..Encoding.UTF8.GetBytes(text, utf8)]);
    }

    /// <summary>Runs a statement that returns nothing.</summary>
    public void Run()
    {
        try
        {
            Check(raw.sqlite3_step(_statement));
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Goes to the next row. Whoever stops before the end says <see cref="Reset"/>.</summary>
    public bool Step()
    {
        var result = raw.sqlite3_step(_statement);
        Check(result);
        return result == raw.SQLITE_ROW;
    }

    public long Int64(int column) => raw.sqlite3_column_int64(_statement, column);

    /// <returns>The text as it lies in SQLite's memory, until the next step; empty for null.</returns>
    public ReadOnlySpan<byte> Utf8(int column) => raw.sqlite3_column_blob(_statement, column);

    public void Reset() => raw.sqlite3_reset(_statement);

    public void Dispose() => _statement.Dispose();

    private void Check(int result)
    {
        if (result is raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE)
            return;
        SqliteException.ThrowExceptionForRC(result, _database);
    }
}
