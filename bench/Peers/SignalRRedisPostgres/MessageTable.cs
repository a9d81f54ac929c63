using Npgsql;

namespace Skald.Bench.Peers.SignalRRedisPostgres;

/// <summary>Messages in PostgreSQL, numbered in their room by its row, whose lock each insert holds until its commit.</summary>
internal sealed class MessageTable(NpgsqlDataSource database)
{
    private const string Create = """
        CREATE TABLE IF NOT EXISTS rooms (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE, seq bigint NOT NULL);
        CREATE TABLE IF NOT EXISTS messages (
            room_id bigint NOT NULL REFERENCES rooms, seq bigint NOT NULL, username text NOT NULL, body text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (room_id, seq));
        """;

    private const string Insert = """
        WITH room AS (
            INSERT INTO rooms (name, seq) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET seq = rooms.seq + 1 RETURNING id, seq)
        INSERT INTO messages (room_id, seq, username, body) SELECT id, seq, $2, $3 FROM room RETURNING seq, created_at
        """;

    public async Task CreateAsync()
    {
        await using var command = database.CreateCommand(Create);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>One statement, and so one transaction and one round trip.</summary>
    public async Task<(long Seq, DateTime CreatedAt)> InsertAsync(string room, string username, string body)
    {
        await using var command = database.CreateCommand(Insert);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = room });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = username });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = body });
        await using var row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        return (row.GetInt64(0), row.GetDateTime(1));
    }
}
