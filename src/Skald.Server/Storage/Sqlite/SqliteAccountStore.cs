using Microsoft.Data.Sqlite;
using Skald.Protocol;
using Skald.Server.Accounts;

namespace Skald.Server.Storage.Sqlite;

/// <summary>Users and sessions in SQLite.</summary>
internal sealed class SqliteAccountStore(SqliteDatabase database) : IAccountStore
{
    public Task<Account?> CreateAccountAsync(string username, string email, string passwordHash, Timestamp now) =>
        database.WriteAsync(connection =>
        {
            using var insert = connection.CreateCommand();
            insert.CommandText = """
                INSERT INTO users (username, username_key, email, password_hash, created_at) VALUES ($username, $key, $email, $hash, $now)
                ON CONFLICT (username_key) DO NOTHING
                RETURNING id, username, email, password_hash, created_at, disabled_at
                """;
            Bind(insert, ("$username", username), ("$key", Username.Key(username)), ("$email", email), ("$hash", passwordHash), ("$now", now.Microseconds));
            return ReadOne(insert, row => ReadAccount(row, 0));
        });

    public Task<Account?> FindAccountAsync(string username) => database.ReadAsync(connection =>
    {
        using var select = connection.CreateCommand();
        select.CommandText = "SELECT id, username, email, password_hash, created_at, disabled_at FROM users WHERE username_key = $key";
        Bind(select, ("$key", Username.Key(username)));
        return ReadOne(select, row => ReadAccount(row, 0));
    });

    public Task<Account?> FindAccountAsync(long userId) => database.ReadAsync(connection =>
    {
        using var select = connection.CreateCommand();
        select.CommandText = "SELECT id, username, email, password_hash, created_at, disabled_at FROM users WHERE id = $id";
        Bind(select, ("$id", userId));
        return ReadOne(select, row => ReadAccount(row, 0));
    });

    public Task<bool> RehashPasswordAsync(long userId, string current, string replacement) =>
        database.WriteAsync(connection => ReplaceHash(connection, userId, current, replacement));

    public Task<IReadOnlyList<long>?> ChangePasswordAsync(long userId, string current, string replacement, long keptSessionId, Timestamp now) =>
        database.WriteAsync<IReadOnlyList<long>?>(connection => ReplaceHash(connection, userId, current, replacement)
            ? Revoke(connection, userId, now, keptSessionId)
            : null);

    public Task<IReadOnlyList<Account>> ListAccountsAsync() => database.ReadAsync<IReadOnlyList<Account>>(connection =>
    {
        using var select = connection.CreateCommand();
        select.CommandText = "SELECT id, username, email, password_hash, created_at, disabled_at FROM users ORDER BY username_key";
        return ReadAll(select, row => ReadAccount(row, 0));
    });

    public Task<IReadOnlyList<long>?> ResetPasswordAsync(long userId, string replacement, Timestamp now) =>
        database.WriteAsync<IReadOnlyList<long>?>(connection =>
        {
            using var update = connection.CreateCommand();
            update.CommandText = "UPDATE users SET password_hash = $replacement WHERE id = $id";
            Bind(update, ("$id", userId), ("$replacement", replacement));
            return update.ExecuteNonQuery() == 1 ? Revoke(connection, userId, now, keptSessionId: 0) : null;
        });

    public Task<IReadOnlyList<long>?> SetDisabledAsync(long userId, bool disabled, Timestamp now) =>
        database.WriteAsync<IReadOnlyList<long>?>(connection =>
        {
            using var update = connection.CreateCommand();
            update.CommandText = "UPDATE users SET disabled_at = iif($disabled, $now, NULL) WHERE id = $id AND (disabled_at IS NULL) = $disabled";
            Bind(update, ("$id", userId), ("$disabled", disabled), ("$now", now.Microseconds));
            return update.ExecuteNonQuery() == 0 ? null : disabled ? Revoke(connection, userId, now, keptSessionId: 0) : [];
        });

    public Task<bool> CreateSessionAsync(Session session, string passwordHash, Timestamp forgetBefore) => database.WriteAsync(connection =>
    {
        using var insert = connection.CreateCommand();
        insert.CommandText = """
            INSERT INTO sessions (id, user_id, generation, rotated_at, created_at, last_used_at, expires_at, user_agent)
            SELECT $id, id, $generation, $rotated, $created, $used, $expires, $agent
            FROM users WHERE id = $user AND password_hash = $hash AND disabled_at IS NULL
            """;
        Bind(
            insert,
            ("$id", session.Id), ("$user", session.UserId), ("$generation", session.Generation), ("$rotated", session.RotatedAt.Microseconds),
            ("$created", session.CreatedAt.Microseconds), ("$used", session.LastUsedAt.Microseconds),
            ("$expires", session.ExpiresAt.Microseconds), ("$agent", session.UserAgent), ("$hash", passwordHash));
        if (insert.ExecuteNonQuery() == 0)
            return false;

        using var forget = connection.CreateCommand();
        forget.CommandText = "DELETE FROM sessions WHERE user_id = $user AND expires_at < $before";
        Bind(forget, ("$user", session.UserId), ("$before", forgetBefore.Microseconds));
        forget.ExecuteNonQuery();
        return true;
    });

    public Task<(Session Session, Account Account)?> FindSessionAsync(long sessionId) =>
        database.ReadAsync<(Session, Account)?>(connection =>
        {
            using var select = connection.CreateCommand();
            select.CommandText = """
                SELECT s.id, s.user_id, s.generation, s.rotated_at, s.created_at, s.last_used_at, s.expires_at, s.revoked_at, s.user_agent,
                       u.id, u.username, u.email, u.password_hash, u.created_at, u.disabled_at
                FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $id
                """;
            Bind(select, ("$id", sessionId));
            using var row = select.ExecuteReader();
            return row.Read() ? (ReadSession(row), ReadAccount(row, 9)) : null;
        });

    public Task<IReadOnlyList<Session>> ListSessionsAsync(long userId, Timestamp now) => database.ReadAsync<IReadOnlyList<Session>>(connection =>
    {
        using var select = connection.CreateCommand();
        select.CommandText = """
            SELECT id, user_id, generation, rotated_at, created_at, last_used_at, expires_at, revoked_at, user_agent
            FROM sessions WHERE user_id = $user AND revoked_at IS NULL AND expires_at > $now
            ORDER BY last_used_at DESC, id LIMIT 200
            """;
        Bind(select, ("$user", userId), ("$now", now.Microseconds));
        return ReadAll(select, ReadSession);
    });

    public Task<bool> RotateSessionAsync(long sessionId, int generation, Timestamp now, Timestamp expiresAt) => database.WriteAsync(connection =>
    {
        using var update = connection.CreateCommand();
        update.CommandText = """
            UPDATE sessions SET generation = generation + 1, rotated_at = $now, last_used_at = $now, expires_at = $expires
            WHERE id = $id AND generation = $generation AND revoked_at IS NULL AND expires_at > $now
            """;
        Bind(update, ("$id", sessionId), ("$generation", generation), ("$now", now.Microseconds), ("$expires", expiresAt.Microseconds));
        return update.ExecuteNonQuery() == 1;
    });

    public Task<bool> RevokeSessionAsync(long userId, long sessionId, Timestamp now) => database.WriteAsync(connection =>
    {
        using var update = connection.CreateCommand();
        update.CommandText = """
            UPDATE sessions SET revoked_at = $now
            WHERE id = $id AND user_id = $user AND revoked_at IS NULL AND expires_at > $now
            """;
        Bind(update, ("$id", sessionId), ("$user", userId), ("$now", now.Microseconds));
        return update.ExecuteNonQuery() == 1;
    });

    public Task<IReadOnlyList<long>> RevokeSessionsAsync(long userId, Timestamp now) =>
        database.WriteAsync<IReadOnlyList<long>>(connection => Revoke(connection, userId, now, keptSessionId: 0));

    public Task<IReadOnlyList<(long SessionId, Timestamp RevokedAt)>> ListRevokedAsync(Timestamp since) =>
        database.ReadAsync<IReadOnlyList<(long, Timestamp)>>(connection =>
        {
            using var select = connection.CreateCommand();
            select.CommandText = "SELECT id, revoked_at FROM sessions WHERE revoked_at >= $since";
            Bind(select, ("$since", since.Microseconds));
            return ReadAll(select, row => (row.GetInt64(0), new Timestamp(row.GetInt64(1))));
        });

    public Task<Timestamp?> FindRestoreAsync() => database.ReadAsync(connection =>
    {
        using var select = connection.CreateCommand();
        select.CommandText = "SELECT restored_at FROM server";
        return select.ExecuteScalar() is long at ? new Timestamp(at) : (Timestamp?)null;
    });

    private static bool ReplaceHash(SqliteConnection connection, long userId, string current, string replacement)
    {
        using var update = connection.CreateCommand();
        update.CommandText = "UPDATE users SET password_hash = $replacement WHERE id = $id AND password_hash = $current";
        Bind(update, ("$id", userId), ("$current", current), ("$replacement", replacement));
        return update.ExecuteNonQuery() == 1;
    }

    /// <summary>Revokes all sessions of the user but one; all where that is 0, which none has.</summary>
    private static List<long> Revoke(SqliteConnection connection, long userId, Timestamp now, long keptSessionId)
    {
        using var update = connection.CreateCommand();
        update.CommandText = """
            UPDATE sessions SET revoked_at = $now
            WHERE user_id = $user AND id <> $kept AND revoked_at IS NULL AND expires_at > $now
            RETURNING id
            """;
        Bind(update, ("$user", userId), ("$kept", keptSessionId), ("$now", now.Microseconds));
        return ReadAll(update, row => row.GetInt64(0));
    }

    private static void Bind(SqliteCommand command, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue(name, value);
    }

    private static T? ReadOne<T>(SqliteCommand command, Func<SqliteDataReader, T> read)
        where T : class
    {
        using var row = command.ExecuteReader();
        return row.Read() ? read(row) : null;
    }

    private static List<T> ReadAll<T>(SqliteCommand command, Func<SqliteDataReader, T> read)
    {
        var all = new List<T>();
        using var row = command.ExecuteReader();
        while (row.Read())
            all.Add(read(row));
        return all;
    }

    /// <summary>Reads the six columns of <c>users</c> from the one given on.</summary>
    private static Account ReadAccount(SqliteDataReader row, int first) => new()
    {
        Id = row.GetInt64(first),
        Username = row.GetString(first + 1),
        Email = row.GetString(first + 2),
        PasswordHash = row.GetString(first + 3),
        CreatedAt = new Timestamp(row.GetInt64(first + 4)),
        DisabledAt = row.IsDBNull(first + 5) ? null : new Timestamp(row.GetInt64(first + 5)),
    };

    private static Session ReadSession(SqliteDataReader row) => new(
        row.GetInt64(0), row.GetInt64(1), row.GetInt32(2), new Timestamp(row.GetInt64(3)), new Timestamp(row.GetInt64(4)),
        new Timestamp(row.GetInt64(5)), new Timestamp(row.GetInt64(6)),
        row.IsDBNull(7) ? null : new Timestamp(row.GetInt64(7)), row.GetString(8));
}
