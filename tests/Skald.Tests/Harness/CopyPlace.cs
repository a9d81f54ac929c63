using Microsoft.Data.Sqlite;
using Npgsql;
using Skald.Server.Database;

namespace Skald.Tests.Harness;

/// <summary>A data directory and a database of PostgreSQL, empty both, and the command that moves what is in one into the other.</summary>
internal sealed class CopyPlace : IAsyncDisposable
{
    private readonly TestDirectory _elsewhere = new();

    private CopyPlace(PostgresServer postgres, string database) => (Postgres, Database) = (postgres, database);

    public TestDirectory Data { get; } = new();

    public PostgresServer Postgres { get; }

    public string Database { get; }

    /// <summary>An empty directory on the same disk.</summary>
    public string Elsewhere => _elsewhere.Path;

    public string Connection => Postgres.ConnectionString(Database);

    /// <summary>A command that runs it, and its arguments: a tracer, for example.</summary>
    public string[] Under { get; set; } = [];

    /// <param name="template"><c>template0</c> for a database without the schema.</param>
    public static async Task<CopyPlace> MakeAsync(string template = SharedPostgres.Template) =>
        new(await SharedPostgres.GetAsync(), await SharedPostgres.CreateAsync(template));

    public Task<SkaldCommand> ToPostgresAsync(string? from = null) => CopyAsync(from ?? Data.Path, Connection);

    public Task<SkaldCommand> ToSqliteAsync(string? to = null) => CopyAsync(Connection, to ?? Elsewhere);

    public Task<SkaldCommand> CopyAsync(string from, string to) =>
        SkaldCommand.RunAsync(Under, ["copy", "--from", from, "--to", to]);

    /// <summary>The server on the directory's file.</summary>
    public Task<SkaldServer> StartOnSqliteAsync(string? data = null) => SkaldServer.StartAsync(
        [(StorageOptions.EngineSetting, StorageOptions.Sqlite), (StorageOptions.PostgresSetting, "")], data: data ?? Data.Path);

    /// <summary>The server with the keys of the directory and the database of PostgreSQL.</summary>
    public Task<SkaldServer> StartOnPostgresAsync() => SkaldServer.StartAsync(
        [(StorageOptions.EngineSetting, StorageOptions.PostgreSql), (StorageOptions.PostgresSetting, Connection)], data: Data.Path);

    public Task<object?> ExecuteAsync(string sql) => Postgres.ExecuteAsync(Database, sql);

    /// <summary>Every row of every table of a directory's database.</summary>
    public static string[] Dump(string data)
    {
        var tables = Rows(data, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
        return [.. tables.SelectMany(table => Rows(data, $"SELECT * FROM {table} ORDER BY 1, 2").Select(row => $"{table}: {row}"))];
    }

    public async ValueTask DisposeAsync()
    {
        Data.Dispose();
        _elsewhere.Dispose();
        NpgsqlConnection.ClearAllPools();
        await Postgres.ExecuteAsync("postgres", $"DROP DATABASE {Database} WITH (FORCE)");
    }

#pragma warning disable CA2100 // The tests' own SQL.
    /// <summary>The rows that SQL finds in a directory's database, their values with | between them.</summary>
    public static List<string> Rows(string data, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(data, "skald.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var row = command.ExecuteReader();
        var rows = new List<string>();
        while (row.Read())
            rows.Add(string.Join('|', Enumerable.Range(0, row.FieldCount).Select(i => row.IsDBNull(i) ? "NULL" : row.GetValue(i))));
        return rows;
    }
#pragma warning restore CA2100
}
