using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Operations;

namespace Skald.Server.Storage.Sqlite;

/// <summary>The database file: one connection that writes, on a thread of its own, and a few that only read, lent to whoever reads.</summary>
/// <remarks>
/// SQLite is synchronous: a commit, which waits for the disk, never runs on the thread pool. One writer in one process alone
/// checkpoints, which keeps out of reach of bugs where two do; the worst of them is refused by its version too (<see cref="SqliteFile"/>).
/// </remarks>
internal sealed partial class SqliteDatabase : IDisposable
{
    private const int MaxQueued = 4_096;
    // sqlite.org/rescode.html
    private const int Busy = 5, Locked = 6, NoMemory = 7, ReadOnly = 8, IoError = 10, Corrupt = 11, Full = 13, CannotOpen = 14, NoDatabase = 26;

    private readonly FileStream _lock;
    private readonly SqliteThread _writer;
    private readonly SqliteReaders _readers;
    private readonly Readiness _readiness;
    private readonly ILogger<SqliteDatabase> _logger;
    private volatile bool _failed;

    /// <exception cref="StartupRefusedException">The file cannot be trusted with messages; the text says what to change.</exception>
    public SqliteDatabase(IOptions<DataOptions> options, Telemetry telemetry, Readiness readiness, ILogger<SqliteDatabase> logger)
    {
        (_readiness, _logger) = (readiness, logger);
        var file = SqliteFile.Prepare(options.Value.Directory);
        _lock = SqliteFile.Lock(options.Value.Directory);
        try
        {
            var connection = SqliteFile.OpenWriter(file);
            SqliteSchema.Apply(connection, file);
            Epoch = SqliteSchema.ReadEpoch(connection);
            Log.Opened(logger, file);
            _writer = new SqliteThread("log writer", connection, MaxQueued);
            var (wal, disk) = (file + "-wal", new DriveInfo(Path.GetDirectoryName(file)!));
            telemetry.Meter.CreateObservableGauge("skald.wal.size", () => File.Exists(wal) ? new FileInfo(wal).Length : 0, "By", "Size of the database's write-ahead log: some 16 MB, unless a reader holds it.");
            telemetry.Meter.CreateObservableGauge("skald.disk.free", () => disk.AvailableFreeSpace, "By", "Space left for the data directory.");
            _readers = new SqliteReaders(file, MaxQueued);
        }
        catch (Exception e)
        {
            _lock.Dispose();
            throw e is SqliteException sqlite ? SqliteFile.Refusal(file, sqlite) : e;
        }
    }

    public string Epoch { get; }

    /// <summary>Runs work in a transaction of its own, on the writer's thread. Commits with fsync, or leaves nothing behind.</summary>
    /// <param name="work">Only SQL: whoever waits behind it waits for it.</param>
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
            throw StorageException.OfRead(e.SqliteErrorCode is Busy or Locked or NoMemory ? ErrorCode.Overloaded : ErrorCode.StorageFailed, e);
        }
    }

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
                truncate.CommandText = "PRAGMA wal_checkpoint(TRUNCATE)";   // its first column is 1 where somebody reads
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

    public void Dispose()
    {
        // Readers first: the last connection to close is the writer's, and it checkpoints.
        _readers.Dispose();
        _writer.Dispose();
        _lock.Dispose();
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
            RollBack(connection);
            switch (e)
            {
                case SqliteException { SqliteErrorCode: Full }:
                    throw new StorageException(ErrorCode.StorageFull, e);
                case SqliteException { SqliteErrorCode: Busy or Locked or NoMemory }:
                    // Another program holds the file, for longer than we wait: that passes.
                    throw new StorageException(ErrorCode.Overloaded, e);
                case SqliteException { SqliteErrorCode: IoError or Corrupt or ReadOnly or CannotOpen or NoDatabase }:
                    _failed = true;
                    _readiness.Add(NotReadyReasons.StorageFailed);   // and nobody takes it back: nothing is stored from here on
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
