using System.Data;
using System.Data.Common;
using Npgsql;
using Skald.Protocol;
using Skald.Server.Database;
using Skald.Server.Operations;

namespace Skald.Server.Storage.Postgres;

/// <summary>A database of a PostgreSQL server: a pool of connections for all, and the one that appends.</summary>
internal sealed class PostgresDatabase : IDatabase, IDisposable
{
    /// <summary>PostgreSQL's setting: the standbys that a commit waits for.</summary>
    public const string SynchronousStandbys = "synchronous_standby_names";

    /// <summary>Of work that gets in other work's way. Each time one of them commits, so many callers of one row come through.</summary>
    private const int MostAttempts = 30;

    /// <summary>For one of the pool's connections.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    private readonly PostgresServer _server;
    private readonly SemaphoreSlim _free;
    private readonly Readiness _readiness;
    private volatile NpgsqlDataSource _pool;   // another one once the primary is another server
    private int _disposed;

    /// <param name="host">
    /// Stopped where the log turns out to be another one, so that a supervisor starts it again; null for a command.
    /// </param>
    /// <exception cref="StartupRefusedException">The database cannot be trusted with messages; the text says what to change.</exception>
    public PostgresDatabase(
        PostgresServer server, Readiness readiness, ILogger<PostgresDatabase> logger, IHostApplicationLifetime? host = null)
    {
        (_server, _readiness) = (server, readiness);
        Lane = new PostgresLane(
            server,
            readiness,
            logger,
            anotherLog: () =>
            {
                readiness.Add(NotReadyReasons.LogEnded);
                host?.StopApplication();
            },
            anotherServer: MovePool);
        try
        {
            using (var first = server.OpenFirst())
            {
                Lane.Open();   // before the schema: nothing is changed while something has the database to itself
                PostgresSchema.Apply(first, _server.Place);
                if (PostgresSchema.IsUnfinishedCopy(first))
                    throw UnfinishedCopy.Refusal(_server.Place);
                Epoch = PostgresSchema.ReadEpoch(first);
                Library = new("PostgreSQL", first.PostgreSqlVersion.ToString());
                WaitsForStandby = PostgresServer.Show(first, SynchronousStandbys) != "";
            }

            _pool = server.BuildPool();
            _free = new SemaphoreSlim(server.MostConnections);
            Lane.Watch(Epoch);
        }
        catch (Exception e)
        {
            Lane.Dispose();
            _pool?.Dispose();
            if (e is not StartupRefusedException && server.Refusal(e) is { } refusal)
                throw refusal;
            throw;
        }
    }

    public string Epoch { get; }

    public Library Library { get; }

    public int Nodes => Lane.Nodes;

    /// <summary>Whether PostgreSQL, as it was when this was opened, waits for a standby before it answers a commit.</summary>
    public bool WaitsForStandby { get; }

    /// <summary>Whose calls alone append.</summary>
    public PostgresLane Lane { get; }

    /// <summary>Runs work that only reads. It is run again where its connection turns out to have ended since it was used last.</summary>
    public async Task<T> ReadAsync<T>(Func<NpgsqlConnection, Task<T>> work)
    {
        try
        {
            return await RunAsync(work);
        }
        catch (Exception e) when (PostgresErrors.CodeOf(e) is { } code)
        {
            throw StorageException.OfRead(code == ErrorCode.Overloaded ? code : ErrorCode.StorageFailed, e);
        }
    }

    Task<T> IDatabase.ReadAsync<T>(Func<DbConnection, Task<T>> work) => ReadAsync(connection => work(connection));

    /// <summary>
    /// Runs one statement, which is a transaction of its own: it sees what others have committed while it waited for them. It is run
    /// again like work that only reads, so that twice must do no harm.
    /// </summary>
    /// <exception cref="StorageException">The database refused, or is away.</exception>
    public async Task<T> ExecuteAsync<T>(Func<NpgsqlConnection, Task<T>> statement)
    {
        try
        {
            return await RunAsync(statement);
        }
        catch (Exception e) when (PostgresErrors.CodeOf(e) is { } code)
        {
            throw new StorageException(code, e);
        }
    }

    /// <inheritdoc/>
    public async Task<T> WriteAsync<T>(Func<DbConnection, Task<T>> work)
    {
        var committing = false;
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                committing = false;
                try
                {
                    var result = await RunAsync(
                        async connection =>
                        {
                            await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.Serializable);
                            var done = await work(connection);
                            committing = true;
                            await transaction.CommitAsync();
                            return done;
                        },
                        () => !committing);
                    _readiness.DiskIsFull = false;
                    return result;
                }
                catch (PostgresException e) when (PostgresErrors.IsConflict(e) && attempt < MostAttempts)
                {
                    // Those that met wait for different times, or they would meet again.
                    await Task.Delay(Random.Shared.Next(1, 1 + (4 * attempt)));
                }
            }
        }
        catch (Exception e) when (PostgresErrors.CodeOf(e) is { } code)
        {
            _readiness.DiskIsFull |= code == ErrorCode.StorageFull;
            throw new StorageException(committing && PostgresErrors.IsAway(e) ? ErrorCode.ServerError : code, e)
            {
                Remedy = _server.Refusal(e)?.Message,
            };
        }
    }

    /// <remarks>The container knows it by two types, and disposes what it got for each.</remarks>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        Lane.Dispose();
        _pool.Dispose();
        _free.Dispose();
    }

    /// <remarks>
    /// Who has one of the former pool's connections keeps it; those that are idle end, as do the others when they are given back.
    /// </remarks>
    private void MovePool() => Interlocked.Exchange(ref _pool, _server.BuildPool()).Clear();

    /// <param name="again">Whether the work may be run once more after its connection has ended; null for always.</param>
    private async Task<T> RunAsync<T>(Func<NpgsqlConnection, Task<T>> work, Func<bool>? again = null)
    {
        if (!await _free.WaitAsync(LongestWait))
            throw new StorageException(ErrorCode.Overloaded);
        try
        {
            // A pooled connection may have ended unnoticed, and so may all others: after a restart of PostgreSQL, say.
            NpgsqlConnection? rented = null;
            try
            {
                await using (rented = await _pool.OpenConnectionAsync())
                    return await work(rented);
            }
            catch (NpgsqlException e) when (rented is not null && PostgresErrors.IsAway(e) && e.InnerException is not TimeoutException
                && again?.Invoke() != false)
            {
                _pool.Clear();
                await using var fresh = await _pool.OpenConnectionAsync();
                return await work(fresh);
            }
        }
        finally
        {
            _free.Release();
        }
    }
}
