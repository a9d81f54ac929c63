using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Skald.Server.Database;

namespace Skald.Tests.Harness;

/// <summary>Several real servers in this process, on one PostgreSQL database and with one signing key.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private static readonly string SigningKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private readonly string _database;
    private readonly SkaldServer[] _nodes;

    private TestCluster(string database, SkaldServer[] nodes) => (_database, _nodes) = (database, nodes);

    public SkaldServer this[int index] => _nodes[index];

    public IReadOnlyList<SkaldServer> Nodes => _nodes;

    /// <param name="configure">What only a test may do to each node: the switches of negative controls.</param>
    public static async Task<TestCluster> StartAsync(
        int nodes, Action<IServiceCollection>? configure = null, params (string Key, string Value)[] settings)
    {
        var database = await SharedPostgres.RentAsync();
        var connection = (await SharedPostgres.GetAsync()).ConnectionString(database);
        var started = new List<SkaldServer>();
        for (var n = 0; n < nodes; n++)
        {
            started.Add(await SkaldServer.StartAsync(
                [
                    (StorageOptions.EngineSetting, StorageOptions.PostgreSql), (StorageOptions.PostgresSetting, connection),
                    ("Accounts:SigningKey", SigningKey), .. settings,
                ],
                configure: configure));
        }

        return new TestCluster(database, [.. started]);
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_nodes.Select(async node => await node.DisposeAsync()));
        await SharedPostgres.ReturnAsync(_database);
    }
}
