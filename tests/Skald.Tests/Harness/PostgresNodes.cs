using System.Security.Cryptography;
using Npgsql;
using Skald.Server.Database;

namespace Skald.Tests.Harness;

/// <summary>Servers side by side on one database of PostgreSQL, with one key.</summary>
internal sealed class PostgresNodes : IAsyncDisposable
{
    public static readonly string Key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private readonly List<SkaldServer> _nodes = [];

    private PostgresNodes(string database, string connectionString) => (Database, ConnectionString) = (database, connectionString);

    public string Database { get; }

    public string ConnectionString { get; }

    public SkaldServer this[int index] => _nodes[index];

    /// <param name="count">How many start, one after the other.</param>
    /// <param name="settings">Of all of them; over the harness's own.</param>
    public static async Task<PostgresNodes> StartAsync(int count, params (string Key, string Value)[] settings)
    {
        var database = await SharedPostgres.RentAsync();
        var nodes = new PostgresNodes(database, (await SharedPostgres.GetAsync()).ConnectionString(database));
        for (var i = 0; i < count; i++)
            await nodes.AddAsync(settings);
        return nodes;
    }

    public async Task<SkaldServer> AddAsync(params (string Key, string Value)[] settings)
    {
        var node = await SkaldServer.StartAsync([.. Settings(ConnectionString), .. settings]);
        _nodes.Add(node);
        return node;
    }

    /// <summary>What a server needs to be one of them.</summary>
    public static (string Key, string Value)[] Settings(string connectionString) =>
        [.. WithoutKey(connectionString), ("Accounts:SigningKey", Key)];

    /// <summary>The same, but for the key: it is in the data directory, or of a test's own.</summary>
    public static (string Key, string Value)[] WithoutKey(string connectionString) =>
        [(StorageOptions.EngineSetting, StorageOptions.PostgreSql), (StorageOptions.PostgresSetting, connectionString)];

    /// <summary>Runs SQL beside them.</summary>
    public async Task<object?> ExecuteAsync(string sql) => await (await SharedPostgres.GetAsync()).ExecuteAsync(Database, sql);

    /// <summary>A connection beside them.</summary>
    public async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync(Deadline.Token());
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
        await SharedPostgres.ReturnAsync(Database);
    }
}
