using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Skald.Server.Storage.Sqlite;

/// <summary>A thread with a connection that only it uses; takes its work from a queue, and ends when the queue does.</summary>
internal sealed class SqliteThread : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Thread _thread;

    public SqliteThread(string name, SqliteConnection connection, BlockingCollection<Action<SqliteConnection>> queue)
    {
        _connection = connection;
        _thread = new Thread(() =>
        {
            foreach (var work in queue.GetConsumingEnumerable())
                work(connection);
        })
        { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Waits for what is queued. The queue must have been completed.</summary>
    public void Dispose()
    {
        _thread.Join();
        SqliteStatement.DisposeAll(_connection);
        _connection.Dispose();
    }
}
