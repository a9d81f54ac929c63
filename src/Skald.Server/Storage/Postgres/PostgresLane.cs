using System.Security.Cryptography;
using Npgsql;
using Skald.Protocol;
using Skald.Server.Database;
using Skald.Server.Operations;

namespace Skald.Server.Storage.Postgres;

/// <summary>
/// The one connection of this node that appends. Its session shares an advisory lock with those of the other nodes: whoever must have
/// the database without any of them takes it alone.
/// </summary>
/// <remarks>
/// Once it is lost, whatever is to be appended is refused at once, and not after a time-out each, until the connection is there again:
/// that is tried in the background. So is whether it still is, each second, since a connection that nobody uses ends unnoticed.
/// </remarks>
internal sealed partial class PostgresLane : IDisposable
{
    /// <summary>An advisory lock of the session: the letters "skal", and a number of ours.</summary>
    public const string Lock = "8316848253354115074";

    /// <summary>
    /// A lock on a room that is not got in time, and a call that takes too long, are refused before anything is stored. The server's
    /// end gives up the lock of a node that is gone. The call is planned once, for whatever arrays come.
    /// </summary>
    private const string Session =
        "-c lock_timeout=800ms -c statement_timeout=1500ms -c idle_in_transaction_session_timeout=2s -c plan_cache_mode=force_generic_plan "
        + PostgresServer.Keepalives;

    /// <summary>
    /// Npgsql's own time-out, in seconds. It has PostgreSQL cancel the command, which may take long by itself where nothing answers; so
    /// <see cref="Patience"/> ends first, and gives the connection up.
    /// </summary>
    private const int CallTimeout = 8;

    /// <summary>How long an answer is waited for.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private const string TakeLock = $"SELECT pg_try_advisory_lock_shared({Lock})";

    /// <summary>Where a node was killed, its backend may take a moment to notice.</summary>
    private const string WaitForLock =
        $"""
        SET lock_timeout = '3s'; SET statement_timeout = '9s';
        SELECT pg_advisory_lock_shared({Lock});
        RESET lock_timeout; RESET statement_timeout
        """;

    /// <summary>Each node has one lane, and so one share.</summary>
    private const string CountShares =
        $"""
        SELECT count(*)::int FROM pg_locks
        WHERE locktype = 'advisory' AND (classid::bigint << 32 | objid::bigint) = {Lock} AND objsubid = 1 AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """;

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1), BetweenAttempts = TimeSpan.FromMilliseconds(100);

    private readonly PostgresServer _server;
    private readonly Readiness _readiness;
    private readonly ILogger _logger;
    private readonly Action _anotherLog, _anotherServer;
    private readonly string _application;   // of this process alone, to tell its backend from others
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _stopping = new();
    private volatile int _nodes = 1;
    private volatile NpgsqlConnection? _connection;   // null while PostgreSQL is away
    private bool _isUnconfirmed;             // of the call that runs: it was committed here, and no standby is known to have it
    private int _backend;                    // its process there
    private string _epoch = "", _timeline = "";
    private long _seen;                      // the position in the whole log up to which this node has stored or read
    private string? _said;                   // why the database that was found is not used

    /// <param name="anotherLog">Called once the log has turned out to be another one: what this node knows is of no use then.</param>
    /// <param name="anotherServer">Called once the primary has turned out to be another server of those that are named.</param>
    public PostgresLane(PostgresServer server, Readiness readiness, ILogger logger, Action anotherLog, Action anotherServer)
    {
        (_server, _readiness, _logger, _anotherLog, _anotherServer) = (server, readiness, logger, anotherLog, anotherServer);
        _application = $"skald append {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";
    }

    /// <summary>How many nodes append here, this one too, as of the last look.</summary>
    public int Nodes => _nodes;

    /// <exception cref="StartupRefusedException">Something has the database to itself.</exception>
    public void Open()
    {
        _connection = NewConnection();
        _connection.Open();
        _backend = _connection.ProcessID;
        using var command = new NpgsqlCommand(WaitForLock, _connection) { CommandTimeout = 10 };
        try
        {
            command.ExecuteNonQuery();
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new StartupRefusedException(
                $"Something has the database {_server.Place} to itself, as a copy or a restore has. Start when it has ended, or name another database in {StorageOptions.PostgresSetting}.",
                e);
        }

        Log.Opened(_logger, _server.Place);
    }

    /// <summary>Begins to look after the connection.</summary>
    /// <param name="epoch">The log's. A database that has another one by then is another log.</param>
    public void Watch(string epoch)
    {
        _epoch = epoch;
        using var join = Join(_connection!);
        _timeline = join.ExecuteScalar() as string ?? throw new StartupRefusedException(
            $"The database {_server.Place} has become another log this moment. Start again.");
        _ = Task.Run(WatchAsync);
    }

    /// <summary>This node has stored or read up to this position of the whole log: a database that lacks it has lost something.</summary>
    public void Reached(long position)
    {
        if (position > Volatile.Read(ref _seen))
            Volatile.Write(ref _seen, position);
    }

    /// <summary>Runs a call of one statement, which stores all or nothing; or reads what must be of the same log.</summary>
    /// <param name="stores">False for what only reads, and so says nothing about the disk.</param>
    /// <exception cref="StorageException">
    /// Nothing was stored; or, as <see cref="ErrorCode.ServerError"/>, the connection ended before the answer.
    /// </exception>
    public async Task<T> RunAsync<T>(Func<NpgsqlConnection, Task<T>> call, bool stores = true)
    {
        await _gate.WaitAsync();
        try
        {
            if (_connection is not { } connection)
                throw new StorageException(ErrorCode.StorageFailed);
            var running = call(connection);
            try
            {
                var result = await running.WaitAsync(Patience);
                if (_isUnconfirmed)
                    throw new NpgsqlException("The wait for the synchronous standby was cancelled.");
                if (stores)
                    _readiness.DiskIsFull = false;
                return result;
            }
            catch (NpgsqlException e)
            {
                throw Judge(e, connection);
            }
            catch (TimeoutException e)
            {
                Lose(e, running);
                throw new StorageException(ErrorCode.ServerError, e);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose()
    {
        if (_stopping.IsCancellationRequested)
            return;
        _stopping.Cancel();
        _gate.Wait();   // what is being appended, or a look at the connection, comes to its end first
        _connection?.Dispose();
        _connection = null;
        _gate.Release();
    }

    private Exception Judge(NpgsqlException e, NpgsqlConnection connection)
    {
        if (PostgresErrors.IsFull(e))
        {
            if (!_readiness.DiskIsFull)
                Log.Full(_logger, _server.Place);
            _readiness.DiskIsFull = true;
        }

        // What PostgreSQL itself refused it has undone.
        var refused = e is PostgresException && connection.FullState == System.Data.ConnectionState.Open;
        if (refused && !PostgresErrors.IsAway(e))
            return PostgresErrors.CodeOf(e) is { } code ? new StorageException(code, e) : e;
        Lose(e, Task.CompletedTask);
        return new StorageException(refused ? ErrorCode.StorageFailed : ErrorCode.ServerError, e);
    }

    /// <param name="running">What the connection does still: it is closed after that.</param>
    private void Lose(Exception e, Task running)
    {
        var lost = _connection!;
        _connection = null;
        _ = running.ContinueWith(
            ended =>
            {
                _ = ended.Exception;   // known: it was given up
                lost.Dispose();
            },
            TaskScheduler.Default);
        _readiness.Add(NotReadyReasons.StorageFailed);
        Log.Lost(_logger, _server.Place, e);
    }

    private async Task WatchAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            await Task.Delay(_connection is null ? BetweenAttempts : BetweenLooks, _stopping.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_connection is null)
                await FindAgainAsync();
            else
                await LookAsync();
        }
    }

    private async Task LookAsync()
    {
        await _gate.WaitAsync(CancellationToken.None);
        try
        {
            if (_connection is not { } connection)
                return;
            await using var command = new NpgsqlCommand(CountShares, connection);
            var running = command.ExecuteScalarAsync(CancellationToken.None);
            try
            {
                _nodes = (int)(await running.WaitAsync(Patience, CancellationToken.None))!;
                _readiness.TakeBack(NotReadyReasons.StorageFailed);   // the log adds it too, and may have been the last to speak
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException)
            {
                Lose(e, running);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <remarks>
    /// To cancel a commit that waits for the synchronous standby ends the wait, and the command as if all were well. The warning that
    /// comes with it is the only sign.
    /// </remarks>
    private NpgsqlConnection NewConnection()
    {
        var connection = _server.New(_application, Session, CallTimeout);
        connection.Notice += (_, told) =>
            _isUnconfirmed |= connection == _connection && told.Notice.SqlState == PostgresErrorCodes.Warning;
        return connection;
    }

    private async Task FindAgainAsync()
    {
        var connection = NewConnection();
        try
        {
            await connection.OpenAsync(CancellationToken.None);
            if (await WhyNotAsync(connection) is { } why)
            {
                Say(why);
                await connection.DisposeAsync();
                return;
            }
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            await connection.DisposeAsync();
            return;
        }

        await _gate.WaitAsync(CancellationToken.None);
        try
        {
            if (_stopping.IsCancellationRequested)
            {
                await connection.DisposeAsync();
                return;
            }

            if (_server.Found(connection))
                _anotherServer();
            (_connection, _backend, _said, _isUnconfirmed) = (connection, connection.ProcessID, null, false);
        }
        finally
        {
            _gate.Release();
        }

        _readiness.TakeBack(NotReadyReasons.StorageFailed);
        Log.Found(_logger, _server.Place);
    }

    /// <summary>Takes the lock on a new connection.</summary>
    /// <returns>Why this database must not be appended to; null where it may.</returns>
    private async Task<string?> WhyNotAsync(NpgsqlConnection connection)
    {
        // The backend of the connection that was lost may not know that, and hold the lock. It is ended, with whatever it still does: a
        // batch whose sender was told "unknown" is stored by now, or never.
        await using var end = new NpgsqlCommand(
            """
            SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
            WHERE pid = $1 AND application_name = $2 AND pid <> pg_backend_pid()
            """,
            connection)
        {
            Parameters = { new() { Value = _backend }, new() { Value = _application } },
        };
        await end.ExecuteNonQueryAsync(CancellationToken.None);
        await using var look = new NpgsqlCommand(
            $"SELECT current_setting('transaction_read_only') = 'on', ({TakeLock})", connection);
        await using (var row = await look.ExecuteReaderAsync(CancellationToken.None))
        {
            await row.ReadAsync(CancellationToken.None);
            if (row.GetBoolean(0))
                return "it is read-only";
            if (!row.GetBoolean(1))
                return "something has it to itself, as a copy or a restore has";
        }

        await using var join = Join(connection);
        if (await join.ExecuteScalarAsync(CancellationToken.None) is string timeline)
        {
            _timeline = timeline;
            return null;
        }

        _anotherLog();
        return "it is another log than before, or lacks what this one had. This server stops, to begin anew with what is there";
    }

    private NpgsqlCommand Join(NpgsqlConnection connection) => new("SELECT skald_join_1($1, $2, $3)", connection)
    {
        Parameters = { new() { Value = _epoch }, new() { Value = _timeline }, new() { Value = Volatile.Read(ref _seen) } },
    };

    /// <summary>Once, and not ten times a second.</summary>
    private void Say(string why)
    {
        if (_said == why)
            return;
        _said = why;
        Log.NotThis(_logger, _server.Place, why);
    }

    private static partial class Log
    {
        [LoggerMessage(5010, LogLevel.Information, "Database {Place}")]
        public static partial void Opened(ILogger logger, string place);

        [LoggerMessage(
            5011,
            LogLevel.Error,
            "PostgreSQL is away: nothing is stored in {Place} until it is back, and that is tried ten times a second")]
        public static partial void Lost(ILogger logger, string place, Exception cause);

        [LoggerMessage(5012, LogLevel.Information, "PostgreSQL is back: everything is stored in {Place}")]
        public static partial void Found(ILogger logger, string place);

        [LoggerMessage(5013, LogLevel.Error, "PostgreSQL is back, but nothing can be stored in {Place}: {Why}")]
        public static partial void NotThis(ILogger logger, string place, string why);

        [LoggerMessage(5014, LogLevel.Error, "The disk of PostgreSQL is full: nothing is stored in {Place} until there is room on it")]
        public static partial void Full(ILogger logger, string place);
    }
}
