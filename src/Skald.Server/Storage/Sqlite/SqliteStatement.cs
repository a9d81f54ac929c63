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
    private readonly sqlite3_stmt _owner;
    private readonly nint _statement;

    private SqliteStatement(SqliteConnection connection, string sql)
    {
        _database = connection.Handle!;
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(_database, sql, out _owner), _database);
        _statement = _owner.DangerousGetHandle();   // closed by Dispose, when its connection is
    }

    /// <summary>The statement, prepared once a connection. Looking it up takes about as long as a row: a loop does it once.</summary>
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
        Check(SqliteNative.BindInt64(_statement, parameter, value));
        return this;
    }

    public unsafe SqliteStatement Bind(int parameter, ReadOnlySpan<byte> utf8)
    {
        fixed (byte* text = utf8)
        {
            byte nothing = 0;   // a null pointer would bind NULL
            Check(SqliteNative.BindText(_statement, parameter, text is null ? &nothing : text, utf8.Length, SqliteNative.Transient));
        }

        return this;
    }

    public SqliteStatement Bind(int parameter, byte[]? utf8) => utf8 is null ? BindNull(parameter) : Bind(parameter, utf8.AsSpan());

    public SqliteStatement Bind(int parameter, long? value) => value is { } number ? Bind(parameter, number) : BindNull(parameter);

    public SqliteStatement Bind(int parameter, string? text)
    {
        if (text is null)
            return BindNull(parameter);
        Span<byte> utf8 = stackalloc byte[text.Length * 3];
        return Bind(parameter, utf8[..Encoding.UTF8.GetBytes(text, utf8)]);
    }

    /// <summary>Runs a statement that returns nothing.</summary>
    public void Run()
    {
        try
        {
            Check(SqliteNative.Step(_statement));
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Runs a statement that returns one integer.</summary>
    /// <returns>Null where it returns no row.</returns>
    public long? ReadInt64()
    {
        try
        {
            return Step() ? Int64(0) : null;
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Goes to the next row. A caller that stops before the end must call <see cref="Reset"/>.</summary>
    public bool Step()
    {
        var result = SqliteNative.Step(_statement);
        Check(result);
        return result == raw.SQLITE_ROW;
    }

    public long Int64(int column) => SqliteNative.ColumnInt64(_statement, column);

    /// <returns>The text as it lies in SQLite's memory, until the next step; empty for null.</returns>
    public unsafe ReadOnlySpan<byte> Utf8(int column) =>
        SqliteNative.ColumnBlob(_statement, column) is var text && text is null
            ? default
            : new(text, SqliteNative.ColumnBytes(_statement, column));

    public void Reset() => _ = SqliteNative.Reset(_statement);   // returns the last step's error again, which Check has thrown

    public void Dispose() => _owner.Dispose();

    private SqliteStatement BindNull(int parameter)
    {
        Check(SqliteNative.BindNull(_statement, parameter));
        return this;
    }

    private void Check(int result)
    {
        if (result is raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE)
            return;
        SqliteException.ThrowExceptionForRC(result, _database);
    }
}
