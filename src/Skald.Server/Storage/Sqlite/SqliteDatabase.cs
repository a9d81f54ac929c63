using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Database;
using Skald.Server.Operations;

namespace Skald.Server.Storage.Sqlite;

/// <summary>The database file: one connection that writes, on a thread of its own, and a few that only read.</summary>
/// <remarks>
/// SQLite is synchronous: a commit, which waits for the disk, never runs on the thread pool. One writer in one process alone
/// checkpoints, which keeps out of reach of bugs where two do; the worst of them is refused by its version too (<see cref="SqliteFile"/>).
/// </remarks>
internal sealed partial class SqliteDatabase : IDatabase, IDisposable
{
    private const int MaxQueued = 4_096;

    private readonly string _directory;
    private readonly FileStream _lock;
    private readonly WalIndex _index;
    private readonly SqliteThread _writer;
    private readonly SqliteReaders _readers;
    private readonly DiskSpace _space;
    private readonly Readiness _readiness;
    private readonly ILogger<SqliteDatabase> _logger;
    private volatile bool _failed;
    private int _disposed;

    /// <exception cref="StartupRefusedException">The file cannot be trusted with messages; the text says what to change.</exception>
    public SqliteDatabase(
        IOptions<DataOptions> options, Telemetry telemetry, Readiness readiness, TimeProvider clock, ILogger<SqliteDatabase> logger)
    {
        (_readiness, _logger) = (readiness, logger);
        var file = SqliteFile.Prepare(options.Value.Directory);
        _lock = SqliteFile.Lock(options.Value.Directory);
        try
        {
            _index = new WalIndex(file);
            var connection = SqliteFile.OpenWriter(file, _index);
            Epoch = SqliteSchema.ReadEpoch(connection);
            Log.Opened(logger, file);
            _writer = new SqliteThread("log writer", connection, MaxQueued);
            _directory = Path.GetDirectoryName(file)!;
            var (disk, wal) = (new DriveInfo(_directory), file + "-wal");
            _space = new DiskSpace(_directory, clock, readiness, logger);
            telemetry.Meter.CreateObservableGauge(
                "skald.wal.size",
                () => File.Exists(wal) ? new FileInfo(wal).Length : 0,
                "By",
                "Size of the database's write-ahead log: some 16 MB, unless a reader holds it.");
            telemetry.Meter.CreateObservableGauge(
                "skald.disk.free", () => disk.AvailableFreeSpace, "By", "Space left for the data directory.");
            _readers = new SqliteReaders(file, MaxQueued);
        }
        catch (Exception e)
        {
            _index?.Dispose();
            _lock.Dispose();
            if (e is SqliteException refused)
                throw SqliteFile.Refusal(file, refused, connection: null);
            throw;
        }
    }

    public string Epoch { get; }

    /// <summary>Its lock keeps all others away.</summary>
    public int Nodes => 1;

    /// <summary>Runs work in a transaction of its own, on the writer's thread. Commits with fsync, or leaves nothing behind.</summary>
    /// <param name="work">Only SQL: all writes queue behind it.</param>
    /// <returns>What the work returned, once it is on disk.</returns>
    /// <exception cref="StorageException">The disk refused, or too much is queued.</exception>
    public Task<T> WriteAsync<T>(Func<SqliteConnection, T> work) =>
        Enqueue(work, TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>As <see cref="WriteAsync{T}"/>, for the log: what follows the commit goes on at once, on the writer's thread.</summary>
    public Task AppendAsync(Action<SqliteConnection> work) =>
        Enqueue(
            connection =>
            {
                work(connection);
                return true;
            },
            TaskCreationOptions.None);

    /// <summary>Runs work with a connection that cannot write; see <see cref="SqliteReaders"/>.</summary>
    public async Task<T> ReadAsync<T>(Func<SqliteConnection, T> work)
    {
        try
        {
            return await _readers.RunAsync(work);
        }
        catch (SqliteException e)
        {
            throw StorageException.OfRead(SqliteErrors.IsPassing(e) ? ErrorCode.Overloaded : ErrorCode.StorageFailed, e);
        }
    }

    Task<T> IDatabase.ReadAsync<T>(Func<DbConnection, Task<T>> work) => ReadAsync(connection => Result(work(connection)));

    Task<T> IDatabase.WriteAsync<T>(Func<DbConnection, Task<T>> work) => WriteAsync(connection => Result(work(connection)));

    /// <summary>Writes what the write-ahead log holds into the database, and empties it.</summary>
    /// <returns>False where a reader needs it still. True also after a failed write: until the restart nothing may be written.</returns>
    public Task<bool> TruncateLogAsync()
    {
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var queued = _writer.TryRun(connection =>
        {
            try
            {
                using var truncate = connection.CreateCommand();
                truncate.CommandText = "PRAGMA wal_checkpoint(TRUNCATE)";   // its first column is 1 while a reader holds the WAL
                done.SetResult(_failed || (long)truncate.ExecuteScalar()! == 0);
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        if (!queued)
            done.SetException(new StorageException(ErrorCode.Overloaded));
        return done.Task;
    }

    /// <remarks>The container knows it by two types, and disposes what it got for each.</remarks>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _space.Dispose();
        // Readers first: the last connection to close is the writer's, and it checkpoints.
        _readers.Dispose();
        _writer.TryRun(SqliteFile.EmptyWalAtClose);
        _writer.Dispose();
        _index.Dispose();
        _lock.Dispose();
    }

    /// <summary>
    /// Microsoft.Data.Sqlite's async calls are done when they return (its documentation, "Async limitations"), and so is work made of them.
    /// </summary>
    public static T Result<T>(Task<T> work)
    {
        if (!work.IsCompleted)
            throw new InvalidOperationException("Work on the database waits for something else than its connection.");
#pragma warning disable VSTHRD002 // It is done.
        return work.GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
    }

    private Task<T> Enqueue<T>(Func<SqliteConnection, T> work, TaskCreationOptions continuations)
    {
        var done = new TaskCompletionSource<T>(continuations);
        var queued = _writer.TryRun(connection =>
        {
            T result;
            try
            {
                result = InTransaction(connection, work);
            }
            catch (Exception e)
            {
                done.SetException(e);
                return;
            }

            done.SetResult(result);
        });
        if (!queued)
            done.SetException(new StorageException(ErrorCode.Overloaded));
        return done.Task;
    }

    private T InTransaction<T>(SqliteConnection connection, Func<SqliteConnection, T> work)
    {
        // After a failed write or fsync the page cache may say "success" for what is not on disk: only a restart reads the truth.
        if (_failed)
            throw new StorageException(ErrorCode.StorageFailed);
        var committing = false;
        try
        {
            Execute(connection, "BEGIN IMMEDIATE");
            var result = work(connection);
            committing = true;
            Execute(connection, "COMMIT");
            return result;
        }
        catch (Exception e)
        {
            var isFull = e is SqliteException sqlite && SqliteErrors.IsFull(sqlite, connection);
            RollBack(connection);
            switch (e)
            {
                case SqliteException when isFull:
                    _space.RanOut();
                    throw new StorageException(ErrorCode.StorageFull, e) { Remedy = FullDisk.Sentence(_directory) };
                case SqliteException passing when SqliteErrors.IsPassing(passing):
                    throw new StorageException(ErrorCode.Overloaded, e);
                case SqliteException failure when SqliteErrors.IsFailure(failure):
                    _failed = true;
                    _readiness.Add(NotReadyReasons.StorageFailed);   // never taken back: nothing is stored from here on
                    Log.Failed(_logger, e);
                    // The log may have reached the disk although its fsync failed: the next start finds it there, or does not.
                    throw new StorageException(committing ? ErrorCode.ServerError : ErrorCode.StorageFailed, e);
                default:
                    throw;
            }
        }
    }

    private static void RollBack(SqliteConnection connection)
    {
        // SQLite has rolled back by itself after some errors (sqlite.org/lang_transaction.html, section 3).
        if (SQLitePCL.raw.sqlite3_get_autocommit(connection.Handle) == 0)
            Execute(connection, "ROLLBACK");
    }

    private static void Execute(SqliteConnection connection, string sql) => SqliteStatement.Get(connection, sql).Run();

    private static partial class Log
    {
        [LoggerMessage(5000, LogLevel.Information, "Database {File}")]
        public static partial void Opened(ILogger logger, string file);

        [LoggerMessage(5001, LogLevel.Critical, "The disk failed a write: nothing is stored any more until the server is restarted")]
        public static partial void Failed(ILogger logger, Exception cause);
    }
}
