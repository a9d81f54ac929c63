using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Skald.Server.Database;

namespace Skald.Tests.Harness;

/// <summary>Several real servers in this process, on one PostgreSQL database and with one signing key.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    public static readonly string SigningKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private readonly SkaldServer[] _nodes;

    private TestCluster(string database, string connectionString, SkaldServer[] nodes) =>
        (Database, ConnectionString, _nodes) = (database, connectionString, nodes);

    /// <summary>Its name.</summary>
    public string Database { get; }

    public string ConnectionString { get; }

    public SkaldServer this[int index] => _nodes[index];

    public IReadOnlyList<SkaldServer> Nodes => _nodes;

    /// <param name="nodes">How many start, one after the other; 0 for the database alone.</param>
    /// <param name="configure">What only a test may do to each node: the switches of negative controls.</param>
    /// <param name="settings">Of each node.</param>
    public static async Task<TestCluster> StartAsync(
        int nodes, Action<IServiceCollection>? configure = null, params (string Key, string Value)[] settings)
    {
        var database = await SharedPostgres.RentAsync();
        var connection = (await SharedPostgres.GetAsync()).ConnectionString(database);
        var started = new List<SkaldServer>();
        for (var n = 0; n < nodes; n++)
            started.Add(await SkaldServer.StartAsync([.. Settings(connection), .. settings], configure: configure));
        return new TestCluster(database, connection, [.. started]);
    }

    /// <summary>What a server needs to be one of them.</summary>
    public static (string Key, string Value)[] Settings(string connectionString) =>
        [.. WithoutKey(connectionString), ("Accounts:SigningKey", SigningKey)];

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
        await Task.WhenAll(_nodes.Select(async node => await node.DisposeAsync()));
        await SharedPostgres.ReturnAsync(Database);
    }
}
