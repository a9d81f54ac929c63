namespace Skald.Server.Storage.Sqlite;

/// <summary>
/// Takes erased texts out of the write-ahead log too, where the pages that they stood on lie until they are written over.
/// </summary>
/// <remarks>
/// A checkpoint copies the newest pages and leaves the file as it is; only one that truncates it makes the old pages go
/// (sqlite.org/pragma.html, wal_checkpoint). It holds up the writer for as long as the copying takes, so it is made once for all that
/// was erased in <see cref="Delay"/>.
/// </remarks>
internal sealed partial class SqliteErasure : IDisposable
{
    /// <summary>
    /// Twice this is within the minute that docs/protocol promises, also where readers keep the first attempt from truncating.
    /// </summary>
    public static readonly TimeSpan Delay = TimeSpan.FromSeconds(20);

    private readonly SqliteDatabase _database;
    private readonly ILogger<SqliteErasure> _logger;
    private readonly ITimer _timer;
    private int _scheduled;
    private bool _failed;   // the last attempt; the timer makes one after the other

    public SqliteErasure(SqliteDatabase database, TimeProvider clock, ILogger<SqliteErasure> logger)
    {
        (_database, _logger) = (database, logger);
        _timer = clock.CreateTimer(_ => _ = RunAsync(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Schedule();   // a server that was killed may have left some
    }

    /// <summary>Something was erased, in a transaction that has committed or will.</summary>
    public void Schedule()
    {
        if (Interlocked.Exchange(ref _scheduled, 1) == 0)
            _timer.Change(Delay, Timeout.InfiniteTimeSpan);
    }

    public void Dispose() => _timer.Dispose();

    private async Task RunAsync()
    {
        Volatile.Write(ref _scheduled, 0);
        try
        {
            if (!await _database.TruncateLogAsync())
                Schedule();
            _failed = false;
        }
        catch (Exception e)
        {
            // The disk, or the end of the server: whose next start tries again. A line for each attempt would help to fill the disk.
            if (!_failed)
                Log.Failed(_logger, e);
            _failed = true;
            Schedule();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5003, LogLevel.Warning, "Erased texts are still in the write-ahead log; attempts follow until one succeeds")]
        public static partial void Failed(ILogger logger, Exception cause);
    }
}
