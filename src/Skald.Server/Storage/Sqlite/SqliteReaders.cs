using Microsoft.Data.Sqlite;
using Skald.Protocol;
using Skald.Server.Database;

namespace Skald.Server.Storage.Sqlite;

/// <summary>A few connections that only read. A caller rents one and reads on its own thread-pool thread.</summary>
/// <remarks>
/// What lies in memory is read in less time than another thread needs to wake up. What does not holds a thread of the pool while the
/// disk works, so there is one connection less than the pool has threads from the start. The others wait without a thread.
/// </remarks>
internal sealed class SqliteReaders : IDisposable
{
    private const int Most = 8;

    private readonly int _maxWaiting;
    private readonly int _count = Math.Clamp(Environment.ProcessorCount - 1, 1, Most);
    private readonly SemaphoreSlim _free;
    private readonly Lock _gate = new();
    private readonly Stack<SqliteConnection> _idle = [];   // the one used last first: it has the most in its cache
    private int _users;
    private volatile bool _closed;

    /// <param name="maxWaiting">How many may wait for a connection.</param>
    public SqliteReaders(string file, int maxWaiting)
    {
        _maxWaiting = maxWaiting;
        _free = new SemaphoreSlim(_count);
        for (var i = 0; i < _count; i++)
            _idle.Push(SqliteFile.OpenReader(file));
    }

    /// <summary>
    /// Runs work with a connection: at once if one is free and this is a thread of the pool; other threads are not to wait for a disk.
    /// </summary>
    /// <exception cref="StorageException">Too many wait.</exception>
    public async Task<T> RunAsync<T>(Func<SqliteConnection, T> work)
    {
        if (!Thread.CurrentThread.IsThreadPoolThread)
            return await Task.Run(() => RunAsync(work));
        try
        {
            if (Interlocked.Increment(ref _users) > _maxWaiting)
                throw StorageException.OfRead(ErrorCode.Overloaded);
            await _free.WaitAsync();
            try
            {
                return Run(work);
            }
            finally
            {
                _free.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _users);
        }
    }

    /// <summary>Waits for those who read; those who wait to are refused.</summary>
    public void Dispose()
    {
        for (var i = 0; i < _count; i++)
            _free.Wait();
        _closed = true;
        foreach (var connection in _idle)
        {
            SqliteStatement.DisposeAll(connection);
            connection.Dispose();
        }

        _free.Release();
    }

    private T Run<T>(Func<SqliteConnection, T> work)
    {
        if (_closed)
            throw StorageException.OfRead(ErrorCode.Overloaded);
        SqliteConnection connection;
        lock (_gate)
            connection = _idle.Pop();
        try
        {
            return work(connection);
        }
        finally
        {
            lock (_gate)
                _idle.Push(connection);
        }
    }
}
