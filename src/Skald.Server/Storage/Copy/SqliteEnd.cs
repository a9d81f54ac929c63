using System.Data.Common;
using System.Text;
using Microsoft.Data.Sqlite;
using Skald.Server.Operations;
using Skald.Server.Storage.Sqlite;
using SQLitePCL;

namespace Skald.Server.Storage.Copy;

/// <summary>The database of a data directory.</summary>
internal sealed class SqliteEnd : ICopyEnd
{
    private const string State =
        $"""
        SELECT epoch, restored_at,
            coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'users'), 0),
            coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'rooms'), 0),
            coalesce(({SqliteFollowedLog.End}), 0)
        FROM server
        """;

    private readonly string _directory, _option;
    private readonly FileStream _lock;
    private readonly WalIndex _index;
    private readonly SqliteConnection _connection;
    private byte[] _utf8 = new byte[64 * 1024];

    /// <param name="isTarget">Whether it is made where it is not there, and written.</param>
    private SqliteEnd(string directory, string option, bool isTarget)
    {
        (_directory, _option) = (Path.GetFullPath(directory), option);
        Place = Path.Combine(_directory, SqliteFile.Name);
        _lock = SqliteFile.Lock(directory);
        SqliteConnection? connection = null;
        try
        {
            _index = new WalIndex(Place);
            _connection = connection = isTarget
                ? SqliteFile.OpenWriter(Place, _index, mayBeUnfinished: true)
                : SqliteFile.OpenReader(Place);
            if (isTarget)
                OpenTarget();
            else
                OpenSource();
        }
        catch
        {
            connection?.Dispose();
            _index?.Dispose();
            _lock.Dispose();
            throw;
        }
    }

    public DbConnection Connection => _connection;

    public string Place { get; }

    public int Schema => SqliteSchema.Newest;

    public UnfinishedCopy? Begun { get; private set; }

    public string? InTheWay { get; private set; }

    /// <param name="directory">Stays as it is.</param>
    /// <param name="option">By which it was named, as <c>--from</c>.</param>
    /// <exception cref="CommandRefusedException">There is no database of this schema; the text says what to change.</exception>
    public static SqliteEnd OpenSource(string directory, string option)
    {
        if (!File.Exists(Path.Combine(directory, SqliteFile.Name)))
            throw new CommandRefusedException(
                $"There is no database in {Path.GetFullPath(directory)}. Name the server's data directory with {option} DIR.");
        return Open(directory, option, isTarget: false);
    }

    /// <param name="directory">Is made where it is not there.</param>
    /// <param name="option">By which it was named, as <c>--to</c>.</param>
    /// <exception cref="CommandRefusedException">It cannot be one; the text says what to change.</exception>
    public static SqliteEnd OpenTarget(string directory, string option) => Open(directory, option, isTarget: true);

    public ServerState ReadState()
    {
        using var command = Command(State);
        return ServerState.Read(command);
    }

    public void Begin(UnfinishedCopy of) => InTransaction(() =>
    {
        foreach (var table in CopiedTable.All.Reverse())
            Execute($"DELETE FROM {table.Name}");
        Execute("DELETE FROM sqlite_sequence");
        of.Begin(_connection);
    });

    public void Write(CopiedRows rows) => InTransaction(() =>
    {
        var table = rows.Table;
        var insert = SqliteStatement.Get(
            _connection,
            $"INSERT INTO {table.Name} ({table.ColumnNames}) VALUES ({string.Join(", ", table.Columns.Select((_, i) => $"?{i + 1}"))})");
        for (var row = 0; row < rows.Count; row++)
        {
            for (var column = 0; column < table.Columns.Count; column++)
            {
                if (table.Columns[column].IsText)
                    Bind(insert, column + 1, rows.Texts(column)[row]);
                else if (rows.Integers(column)[row] is { } integer)
                    insert.Bind(column + 1, integer);
                else
                    insert.Bind(column + 1, (string?)null);
            }

            insert.Run();
        }
    });

    public void Settle(ServerState source) => InTransaction(() =>
    {
        using var command = Command(
            """
            UPDATE server SET epoch = $epoch, restored_at = $restored;
            DELETE FROM sqlite_sequence;
            INSERT INTO sqlite_sequence (name, seq)
            SELECT column1, column2 FROM (VALUES ('users', $user), ('rooms', $room)) WHERE column2 > 0
            """);
        command.Parameters.AddWithValue("$epoch", source.Epoch);
        command.Parameters.AddWithValue("$restored", (object?)source.RestoredAt ?? DBNull.Value);
        command.Parameters.AddWithValue("$user", source.LastUserId);
        command.Parameters.AddWithValue("$room", source.LastRoomId);
        command.ExecuteNonQuery();
    });

    /// <remarks>
    /// A directory without a journal of erasures gets all of it anew, from the log: what was deleted while PostgreSQL had the log, where
    /// no such journal is written, and what was deleted before.
    /// </remarks>
    public void Finish()
    {
        InTransaction(() =>
        {
            if (!File.Exists(Path.Combine(_directory, ErasureJournal.Name)))
                Execute($"DELETE FROM followers WHERE name = '{ErasureJournal.Follower}'");
            Execute($"DROP TABLE {UnfinishedCopy.Table}");
        });
        SqliteFile.EmptyWalAtClose(_connection);
    }

    public string? Explain(Exception e) =>
        e is SqliteException sqlite ? Named(SqliteFile.Refusal(Place, sqlite, _connection).Message, _option) : null;

    public void Dispose()
    {
        SqliteStatement.DisposeAll(_connection);
        _connection.Dispose();
        _index.Dispose();
        _lock.Dispose();
    }

    private static SqliteEnd Open(string directory, string option, bool isTarget)
    {
        try
        {
            if (isTarget)
                SqliteFile.Prepare(directory);
            return new SqliteEnd(directory, option, isTarget);
        }
        catch (StartupRefusedException e)
        {
            throw new CommandRefusedException(Named(e.Message, option), e);
        }
        catch (SqliteException e)
        {
            var file = Path.Combine(Path.GetFullPath(directory), SqliteFile.Name);
            throw new CommandRefusedException(Named(SqliteFile.Refusal(file, e, connection: null).Message, option), e);
        }
    }

    /// <summary>The sentence of a server that does not start, about the option by which the directory is named here.</summary>
    private static string Named(string sentence, string option) =>
        sentence.Replace("--data DIR", $"{option} DIR", StringComparison.Ordinal);

    private void OpenSource()
    {
        // A reader cannot checkpoint: the source stays as it is.
        _ = raw.sqlite3_db_config(_connection.Handle, raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, out _);
        var version = SqliteSchema.ReadVersion(_connection);
        _index.TakeAgain();
        if (version == 0)
            throw new CommandRefusedException($"{Place} is no database of Skald. Name the server's data directory with {_option} DIR.");
        SourceSchema.Check(Place, version, Schema, SqliteSchema.IsUnfinishedCopy(_connection));
    }

    private void OpenTarget()
    {
        if (SqliteSchema.IsUnfinishedCopy(_connection))
            Begun = UnfinishedCopy.Read(_connection);
        else if (!CopiedTable.All.All(table => table.IsEmpty(_connection)))
            InTheWay = $"{Place} has users, rooms or messages already. " +
                $"Move it elsewhere, with its -wal and -shm, or choose another directory with {_option} DIR.";
    }

    /// <remarks>Texts may be longer than <see cref="SqliteStatement.Bind(int, string?)"/> has a stack for.</remarks>
    private void Bind(SqliteStatement statement, int parameter, string? text)
    {
        if (text is null)
        {
            statement.Bind(parameter, (string?)null);
            return;
        }

        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (_utf8.Length < most)
            _utf8 = new byte[most];
        statement.Bind(parameter, _utf8.AsSpan(0, Encoding.UTF8.GetBytes(text, _utf8)));
    }

    private void InTransaction(Action work)
    {
        Execute("BEGIN IMMEDIATE");
        try
        {
            work();
            Execute("COMMIT");
        }
        catch
        {
            if (raw.sqlite3_get_autocommit(_connection.Handle) == 0)
                Execute("ROLLBACK");
            throw;
        }
    }

    private void Execute(string sql)
    {
        using var command = Command(sql);
        command.ExecuteNonQuery();
    }

#pragma warning disable CA2100 // Our own SQL.
    private SqliteCommand Command(string sql)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        return command;
    }
#pragma warning restore CA2100
}
