using Microsoft.Data.Sqlite;

namespace Skald.Bench.Targets;

/// <summary>A room with any number of messages, written into a database while its server is down: ten million sends take minutes.</summary>
internal static class FilledRoom
{
    private const string Fill = """
        PRAGMA synchronous = OFF;
        BEGIN;
        INSERT INTO rooms (name, created_at) VALUES ($name, 0) ON CONFLICT (name) DO NOTHING;
        WITH RECURSIVE new (room, seq) AS (
            SELECT id, last_seq + 1 FROM rooms WHERE name = $name AND last_seq < $count
            UNION ALL SELECT room, seq + 1 FROM new WHERE seq < $count)
        INSERT INTO messages (room_id, seq, user_id, body, created_at)
            SELECT room, seq, (SELECT min(id) FROM users) + seq % (SELECT count(*) FROM users), $text, 1700000000000000 + seq FROM new;
        UPDATE rooms SET last_seq = $count WHERE name = $name;
        COMMIT;
        PRAGMA wal_checkpoint(TRUNCATE);
        """;

    public static void Write(string dataDirectory, string room, int count, int textBytes)
    {
        using var database = new SqliteConnection($"Data Source={Path.Combine(dataDirectory, "skald.db")};Pooling=False;Default Timeout=0");
        database.Open();
        using var fill = new SqliteCommand(Fill, database);
        fill.Parameters.AddWithValue("$name", room);
        fill.Parameters.AddWithValue("$count", count);
        fill.Parameters.AddWithValue("$text", new string('x', textBytes));
        fill.ExecuteNonQuery();
    }
}
