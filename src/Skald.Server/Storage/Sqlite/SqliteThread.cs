using System.Diagnostics.CodeAnalysis;
using Microsoft.Data.Sqlite;

namespace Skald.Server.Storage.Sqlite;

/// <summary>A thread with a connection that only it uses, and the queue of its work.</summary>
/// <remarks>
/// It sleeps while there is none. The BCL's queues spin first, which on a busy machine takes processor time from the threads that bring
/// work.
/// </remarks>
internal sealed class SqliteThread : IDisposable
{
    private readonly object _gate = new();
    private readonly Queue<Action<SqliteConnection>> _queue = [];
    private readonly SqliteConnection _connection;
    private readonly int _maxQueued;
    private readonly Thread _thread;
    private bool _ended;

    public SqliteThread(string name, SqliteConnection connection, int maxQueued)
    {
        (_connection, _maxQueued) = (connection, maxQueued);
        _thread = new Thread(Run) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Queues work.</summary>
    /// <returns>False when too much is queued already, or the thread is ending.</returns>
    public bool TryRun(Action<SqliteConnection> work)
    {
        lock (_gate)
        {
            if (_ended || _queue.Count >= _maxQueued)
                return false;
            _queue.Enqueue(work);
            Monitor.Pulse(_gate);
            return true;
        }
    }

    /// <summary>Does what is queued, and ends.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _ended = true;
            Monitor.Pulse(_gate);
        }

        _thread.Join();
        SqliteStatement.DisposeAll(_connection);
        _connection.Dispose();
    }

    private void Run()
    {
        while (TryTake(out var work))
            work(_connection);
    }

    private bool TryTake([NotNullWhen(true)] out Action<SqliteConnection>? work)
    {
        lock (_gate)
        {
            while (!_queue.TryDequeue(out work))
            {
                if (_ended)
                    return false;
                Monitor.Wait(_gate);
            }

            return true;
        }
    }
}
