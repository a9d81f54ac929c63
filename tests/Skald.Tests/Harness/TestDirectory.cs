using System.Diagnostics.CodeAnalysis;
using Microsoft.Data.Sqlite;

namespace Skald.Tests.Harness;

/// <summary>A data directory that outlives a server: for what has to be there after a restart.</summary>
internal sealed class TestDirectory : IDisposable
{
    public string Path { get; } = TestData.NewDirectory();

    public string Database => System.IO.Path.Combine(Path, "skald.db");

    /// <summary>A connection beside the server's, as an operator's database shell has it.</summary>
    public SqliteConnection Connect() => Connect(Path);

    /// <summary>Runs SQL while no server does.</summary>
    public void Execute(string sql) => Execute(Path, sql);

    /// <summary>The same in a directory that a command has made.</summary>
    /// <returns>The first value of the first row, where there is one.</returns>
    [SuppressMessage("Security", "CA2100", Justification = "The tests' own SQL.")]
    public static object? Execute(string directory, string sql)
    {
        using var connection = Connect(directory);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    /// <returns><c>ok</c>, or what SQLite finds wrong with a database file.</returns>
    public static object? Check(string file)
    {
        using var connection = Open(file);
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA integrity_check";
        return command.ExecuteScalar();
    }

    private static SqliteConnection Connect(string directory) => Open(System.IO.Path.Combine(directory, "skald.db"));

    private static SqliteConnection Open(string file)
    {
        var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        return connection;
    }

    public void Dispose()
    {
        _ = TestEngine.ForgetAsync(Path);
        Directory.Delete(Path, recursive: true);
    }
}
