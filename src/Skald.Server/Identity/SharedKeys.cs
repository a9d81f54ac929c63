using System.Data.Common;
using Skald.Protocol;
using Skald.Server.Database;
using Skald.Server.Operations;

namespace Skald.Server.Identity;

/// <summary>
/// At start, where several nodes share a database: refuses a node that would refuse what the others have signed. The database keeps
/// which keys have signed, by a hash of each and in the order of their first use; whoever starts must have the newest.
/// </summary>
/// <remarks>
/// So keys are changed node by node, each step at all nodes before the next: the new one behind the old (it verifies), the new one first
/// (it signs), the new one alone. A node that is still at the first step starts again while others are at the second: the key that it
/// signs with is no newer one.
/// </remarks>
internal sealed class SharedKeys(IDatabase database, KeyRing keys, TimeProvider clock) : IHostedService
{
    private const string
        Newest = "SELECT id FROM signing_keys WHERE purpose = @purpose ORDER BY position DESC LIMIT 1",
        Insert =
            """
            INSERT INTO signing_keys (purpose, id, first_used_at) VALUES (@purpose, @id, @now) ON CONFLICT (purpose, id) DO NOTHING
            """;

    private readonly (string Purpose, IReadOnlyList<string> Ids)[] _ours = [("access", keys.AccessIds), ("refresh", keys.RefreshIds)];

    /// <exception cref="StartupRefusedException">The other nodes have other keys.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!await database.WriteAsync(TryJoinAsync))
        {
            throw new StartupRefusedException(
                $"This node's keys are not those of the nodes that have used its database: what they have signed would be refused here. Give all of them one Accounts:SigningKey, or one {KeyFile.Name} in a data directory that they share. If the keys are lost, SELECT skald_forget_keys() in the database takes others, and signs everybody out.");
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <returns>False, and nothing changed, where this node does not have the newest key.</returns>
    private async Task<bool> TryJoinAsync(DbConnection connection)
    {
        foreach (var (purpose, ids) in _ours)
        {
            var newest = await connection.FirstAsync(Newest, row => row.GetString(0), ("purpose", purpose));
            if (newest is not null && !ids.Contains(newest))
                return false;
        }

        foreach (var (purpose, ids) in _ours)
        {
            await connection.ExecuteAsync(
                Insert, ("purpose", purpose), ("id", ids[0]), ("now", Timestamp.From(clock.GetUtcNow()).Microseconds));
        }

        return true;
    }
}
