using Skald.Server.Operations;

namespace Skald.Server.Storage.Postgres;

/// <summary>At start: says where no standby is waited for, since whoever acknowledges then may not have it after a failover.</summary>
/// <remarks>What lets PostgreSQL itself forget after a crash (<c>fsync</c> off) is refused by <see cref="PostgresServer"/>.</remarks>
internal sealed class StandbyCheck(PostgresDatabase database, WeakSettings weak) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (!database.WaitsForStandby)
        {
            weak.Report(
                PostgresDatabase.SynchronousStandbys,
                "it is empty in PostgreSQL, so that no standby is waited for: what was acknowledged last is lost where another server is promoted. Name a standby there; Patroni does with synchronous_mode");
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
