using System.Diagnostics.CodeAnalysis;
using Microsoft.Data.Sqlite;

namespace Skald.Tests.Harness;

/// <summary>A data directory that outlives a server: for what has to be there after a restart.</summary>
internal sealed class TestDirectory : IDisposable
{
    public string Path { get; } = TestData.NewDirectory();

    public string Database => System.IO.Path.Combine(Path, "skald.db");

    /// <summary>A connection beside the server's, as an operator's database shell has it.</summary>
    public SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={Database};Pooling=False");
        connection.Open();
        return connection;
    }

    /// <summary>Runs SQL while no server does.</summary>
    [SuppressMessage("Security", "CA2100", Justification = "The tests' own SQL.")]
    public void Execute(string sql)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
