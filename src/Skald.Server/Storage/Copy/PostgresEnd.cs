using System.Data.Common;
using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using Skald.Server.Operations;
using Skald.Server.Storage.Postgres;

namespace Skald.Server.Storage.Copy;

/// <summary>A database of PostgreSQL, by one connection, whose session has for itself what nodes hold.</summary>
internal sealed class PostgresEnd : ICopyEnd
{
    /// <summary>
    /// Rows come by index, as a stream: a sort would read all of a table first. Keepalives as of a node: where a copy was killed
    /// together with its machine, its backend gives up the lock within 8 s. The lock of a killed process takes a moment.
    /// </summary>
    private const string Session =
        $"""
        SET enable_sort = off; SET enable_incremental_sort = off;
        SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET idle_session_timeout = 0;
        SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3;
        SET lock_timeout = '3s'; SELECT pg_advisory_lock({PostgresLane.Lock}); SET lock_timeout = 0
        """;

    private const string State =
        """
        SELECT epoch, restored_at,
            greatest((SELECT max(id) FROM users), pg_sequence_last_value(pg_get_serial_sequence('users', 'id')::regclass), 0),
            greatest(
                (SELECT max(id) FROM room_directory), pg_sequence_last_value(pg_get_serial_sequence('room_directory', 'id')::regclass), 0),
            (SELECT position FROM log_end)
        FROM server
        """;

    private const string Tables = "users, sessions, room_directory, room_heads, members, messages, entries, runs, followers";

    /// <summary>The rows of the rooms, which are those of two tables: a trigger makes the second's.</summary>
    private static string Room(CopiedRows rows) => $"AS room({rows.Table.ColumnNames})";

    private readonly PostgresServer _server;
    private readonly string _option;
    private readonly NpgsqlConnection _connection;

    private PostgresEnd(string connectionString, string option)
    {
        _option = option;
        _server = new PostgresServer(connectionString, option);
        _connection = _server.OpenFirst();
        try
        {
            Execute(Session);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            _connection.Dispose();
            throw new CommandRefusedException($"A Skald uses the database {Place}. Stop it, or name another database with {option}.", e);
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    public DbConnection Connection => _connection;

    public string Place => _server.Place;

    public int Schema => PostgresSchema.Newest;

    public UnfinishedCopy? Begun { get; private set; }

    public string? InTheWay { get; private set; }

    /// <param name="connectionString">Npgsql's.</param>
    /// <param name="option">By which it was written, as <c>--from</c>.</param>
    /// <exception cref="CommandRefusedException">There is no database of this schema; the text says what to change.</exception>
    public static PostgresEnd OpenSource(string connectionString, string option) =>
        Open(connectionString, option, end => end.CheckSource());

    /// <param name="connectionString">Npgsql's.</param>
    /// <param name="option">By which it was written, as <c>--to</c>.</param>
    /// <exception cref="CommandRefusedException">It cannot be one; the text says what to change.</exception>
    public static PostgresEnd OpenTarget(string connectionString, string option) =>
        Open(connectionString, option, end => end.PrepareTarget());

    public ServerState ReadState()
    {
        using var command = Command(State);
        return ServerState.Read(command);
    }

    public void Begin(UnfinishedCopy of)
    {
        using var transaction = _connection.BeginTransaction();
        // What nodes have noted of an earlier deployment would keep ours from starting.
        Execute($"TRUNCATE {Tables}, signing_keys, tickets, login_failures");
        of.Begin(_connection);
        transaction.Commit();
    }

    public void Write(CopiedRows rows)
    {
        using var transaction = _connection.BeginTransaction();
        if (rows.Table.Name == "rooms")
        {
            Run(
                rows,
                $"""
                INSERT INTO room_directory
                    (id, name, created_by, created_at, visibility, title, topic, data, settings, client_msg_id)
                SELECT id, name, created_by, created_at, visibility, title, topic, data, settings, client_msg_id
                FROM {Unnested(rows)} {Room(rows)}
                """);
            Run(
                rows,
                $"""
                UPDATE room_heads SET first_seq = room.first_seq, last_seq = room.last_seq, version = room.version
                FROM {Unnested(rows)} {Room(rows)} WHERE room_id = room.id
                """);
        }
        else
        {
            Run(rows, $"INSERT INTO {rows.Table.Name} ({rows.Table.ColumnNames}) SELECT * FROM {Unnested(rows)}");
        }

        transaction.Commit();
    }

    public void Settle(ServerState source)
    {
        using (var transaction = _connection.BeginTransaction())
        {
            using var command = Command("UPDATE server SET epoch = $1, restored_at = $2");
            command.Parameters.Add(new() { Value = source.Epoch });
            command.Parameters.Add(new() { Value = (object?)source.RestoredAt ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint });
            command.ExecuteNonQuery();
            Execute(string.Create(
                CultureInfo.InvariantCulture,
                $"""
                UPDATE log_end
                SET position = {source.LogEnd}, room_id = coalesce((SELECT room_id FROM runs ORDER BY position DESC LIMIT 1), 0);
                SELECT setval(pg_get_serial_sequence('users', 'id'), greatest({source.LastUserId}, 1), {source.LastUserId} > 0);
                SELECT setval(pg_get_serial_sequence('room_directory', 'id'), greatest({source.LastRoomId}, 1), {source.LastRoomId} > 0)
                """));
            transaction.Commit();
        }

        // Autovacuum would come to it after a while, and plans be made without it until then.
        Execute($"ANALYZE {Tables}");
    }

    public void Finish() => Execute($"DROP TABLE {UnfinishedCopy.Table}");

    public string? Explain(Exception e) => e is NpgsqlException ? _server.Refusal(e)?.Message : null;

    public void Dispose() => _connection.Dispose();

    private static PostgresEnd Open(string connectionString, string option, Action<PostgresEnd> check)
    {
        var end = new PostgresEnd(connectionString, option);
        try
        {
            check(end);
            return end;
        }
        catch (Exception e)
        {
            var why = end.Explain(e);
            end.Dispose();
            if (why is null)
                throw;
            throw new CommandRefusedException(why, e);
        }
    }

    private void CheckSource()
    {
        var version = PostgresSchema.ReadVersion(_connection);
        if (version == 0)
            throw new CommandRefusedException($"There is no Skald in the database {Place}. Name the server's with {_option}.");
        SourceSchema.Check(Place, version, Schema, PostgresSchema.IsUnfinishedCopy(_connection));
    }

    private void PrepareTarget()
    {
        if (PostgresSchema.ReadVersion(_connection) == 0)
        {
            using var tables = Command("SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema())");
            if ((bool)tables.ExecuteScalar()!)
                throw new CommandRefusedException(NotEmpty("tables of something else"));
        }

        PostgresSchema.Apply(_connection, Place);
        if (PostgresSchema.IsUnfinishedCopy(_connection))
            Begun = UnfinishedCopy.Read(_connection);
        else if (!CopiedTable.All.All(table => table.IsEmpty(_connection)))
            InTheWay = NotEmpty("users, rooms or messages already");
    }

    private string NotEmpty(string has) =>
        $"The database {Place} has {has}. Make an empty one with createdb, and name it with {_option}.";

    private static string Unnested(CopiedRows rows) => $"unnest({string.Join(", ", rows.Table.Columns.Select((_, i) => $"${i + 1}"))})";

    private void Run(CopiedRows rows, string sql)
    {
        using var command = Command(sql);
        for (var column = 0; column < rows.Table.Columns.Count; column++)
        {
            command.Parameters.Add(
                rows.Table.Columns[column].IsText
                    ? new() { Value = rows.Texts(column), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text }
                    : new() { Value = rows.Integers(column), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        }

        command.ExecuteNonQuery();
    }

    private void Execute(string sql)
    {
        using var command = Command(sql);
        command.ExecuteNonQuery();
    }

#pragma warning disable CA2100 // Our own SQL.
    private NpgsqlCommand Command(string sql) => new(sql, _connection);
#pragma warning restore CA2100
}
