using System.Diagnostics;
using Microsoft.Data.Sqlite;

namespace Skald.Bench.Peers.Sqlite;

/// <summary>One connection, one prepared statement, one transaction a batch; WAL, and fsync at each commit.</summary>
internal static class BatchInserts
{
    private const string Schema = """
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        CREATE TABLE IF NOT EXISTS messages (
            room_id INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            user_id INTEGER NOT NULL,
            client_msg_id TEXT,
            body TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            PRIMARY KEY (room_id, seq)) WITHOUT ROWID;
        DELETE FROM messages;
        """;

    private const string Insert = "INSERT INTO messages (room_id, seq, user_id, body, created_at) VALUES (@room, @seq, 1, @body, @at)";

    /// <returns>The number of rows that were committed.</returns>
    public static long Run(string path, int rooms, int batch, TimeSpan time, int bodyBytes)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using (var schema = new SqliteCommand(Schema, connection))
            schema.ExecuteNonQuery();

        using var insert = new SqliteCommand(Insert, connection);
        var room = insert.Parameters.Add("@room", SqliteType.Integer);
        var seq = insert.Parameters.Add("@seq", SqliteType.Integer);
        insert.Parameters.AddWithValue("@body", new string('x', bodyBytes));
        var at = insert.Parameters.Add("@at", SqliteType.Integer);
        insert.Prepare();

        var committed = 0L;
        for (var started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < time;)
        {
            using var transaction = connection.BeginTransaction();
            insert.Transaction = transaction;
            for (var i = 0; i < batch; i++, committed++)
            {
                room.Value = committed % rooms;
                seq.Value = (committed / rooms) + 1;
                at.Value = committed;
                insert.ExecuteNonQuery();
            }

            transaction.Commit();
        }

        return committed;
    }
}
