using System.Data.Common;
using Skald.Protocol;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Database;

namespace Skald.Server.Accounts;

/// <summary>Users and sessions on disk. Each call is one transaction; what it changed is durable when it completes.</summary>
/// <remarks>A call that fails has changed nothing. <c>AccountStoreContract</c> tests this on every engine.</remarks>
internal sealed class AccountStore(IDatabase database)
{
    private const string AccountColumns = "id, username, email, password_hash, created_at, disabled_at";

    private const string SessionColumns =
        "id, user_id, generation, rotated_at, created_at, last_used_at, expires_at, revoked_at, user_agent";

    /// <summary>Stores a user.</summary>
    /// <returns>Null when the name, without regard to case, is taken.</returns>
    public Task<Account?> CreateAccountAsync(string username, string email, string passwordHash, Timestamp now) =>
        database.WriteAsync(connection => connection.FirstAsync(
            $"""
            INSERT INTO users (username, username_key, email, password_hash, created_at) VALUES (@username, @key, @email, @hash, @now)
            ON CONFLICT (username_key) DO NOTHING
            RETURNING {AccountColumns}
            """,
            row => ReadAccount(row, 0),
            ("username", username), ("key", Username.Key(username)), ("email", email), ("hash", passwordHash), ("now", now.Microseconds)));

    /// <param name="username">In any case.</param>
    public Task<Account?> FindAccountAsync(string username) => database.ReadAsync(connection => connection.FirstAsync(
        $"SELECT {AccountColumns} FROM users WHERE username_key = @key", row => ReadAccount(row, 0), ("key", Username.Key(username))));

    public Task<Account?> FindAccountAsync(long userId) => database.ReadAsync(connection => connection.FirstAsync(
        $"SELECT {AccountColumns} FROM users WHERE id = @id", row => ReadAccount(row, 0), ("id", userId)));

    /// <param name="usernames">In any case.</param>
    /// <returns>Each, in their order.</returns>
    public Task<IReadOnlyList<NamedUser>> FindUsersAsync(IReadOnlyList<string> usernames) =>
        database.ReadAsync<IReadOnlyList<NamedUser>>(async connection =>
        {
            var users = new List<NamedUser>(usernames.Count);
            foreach (var name in usernames)
            {
                var found = await connection.FirstAsync(
                    "SELECT id, username FROM users WHERE username_key = @key",
                    row => new NamedUser(row.GetInt64(0), row.GetString(1)),
                    ("key", Username.Key(name)));
                users.Add(found.Id == 0 ? new NamedUser(0, name) : found);
            }

            return users;
        });

    /// <summary>Writes the same password's hash anew, with other parameters.</summary>
    /// <returns>False, and nothing changed, when the stored hash is no longer <paramref name="current"/>.</returns>
    public Task<bool> RehashPasswordAsync(long userId, string current, string replacement) =>
        database.WriteAsync(connection => TryReplaceHashAsync(connection, userId, current, replacement));

    /// <summary>Stores a new password and revokes every session of the user but one.</summary>
    /// <returns>
    /// The ids of the sessions it revoked; null, and nothing changed, when the stored hash is no longer <paramref name="current"/>.
    /// </returns>
    public Task<IReadOnlyList<long>?> ChangePasswordAsync(
        long userId, string current, string replacement, long keptSessionId, Timestamp now) =>
        database.WriteAsync(async connection => await TryReplaceHashAsync(connection, userId, current, replacement)
            ? await RevokeAsync(connection, userId, now, keptSessionId)
            : null);

    /// <summary>All users, by name.</summary>
    public Task<IReadOnlyList<Account>> ListAccountsAsync() => database.ReadAsync<IReadOnlyList<Account>>(async connection =>
        await connection.ListAsync($"SELECT {AccountColumns} FROM users ORDER BY username_key", row => ReadAccount(row, 0)));

    /// <summary>Stores a new password, whatever the one before it was, and revokes every session of the user.</summary>
    /// <returns>The ids of the sessions it revoked; null where there is no such user.</returns>
    public Task<IReadOnlyList<long>?> ResetPasswordAsync(long userId, string replacement, Timestamp now) =>
        database.WriteAsync(async connection =>
        {
            var found = await connection.ExecuteAsync(
                "UPDATE users SET password_hash = @replacement WHERE id = @id", ("id", userId), ("replacement", replacement));
            return found == 1 ? await RevokeAsync(connection, userId, now, keptSessionId: 0) : null;
        });

    /// <summary>Keeps a user out from now on, and revokes every session; or lets the user in again.</summary>
    /// <returns>The ids of the sessions it revoked; null, and nothing changed, where there is no such user or it was so already.</returns>
    public Task<IReadOnlyList<long>?> SetDisabledAsync(long userId, bool disabled, Timestamp now) =>
        database.WriteAsync(async connection =>
        {
            var changed = await connection.ExecuteAsync(
                "UPDATE users SET disabled_at = CASE WHEN @disabled THEN @now END WHERE id = @id AND (disabled_at IS NULL) = @disabled",
                ("id", userId), ("disabled", disabled), ("now", now.Microseconds));
            return changed == 0 ? null : disabled ? await RevokeAsync(connection, userId, now, keptSessionId: 0) : [];
        });

    /// <summary>Stores a new session, and forgets those of this user that expired before <paramref name="forgetBefore"/>.</summary>
    /// <returns>
    /// False, and nothing changed, when the user is disabled or the hash is no longer <paramref name="passwordHash"/>: a login that began
    /// before the password was changed must not end after it.
    /// </returns>
    public Task<bool> CreateSessionAsync(
        Session session, string passwordHash, Timestamp forgetBefore) => database.WriteAsync(async connection =>
    {
        var stored = await connection.ExecuteAsync(
            """
            INSERT INTO sessions (id, user_id, generation, rotated_at, created_at, last_used_at, expires_at, user_agent)
            SELECT @id, id, @generation, @rotated, @created, @used, @expires, @agent
            FROM users WHERE id = @user AND password_hash = @hash AND disabled_at IS NULL
            """,
            ("id", session.Id), ("user", session.UserId), ("generation", session.Generation), ("rotated", session.RotatedAt.Microseconds),
            ("created", session.CreatedAt.Microseconds), ("used", session.LastUsedAt.Microseconds),
            ("expires", session.ExpiresAt.Microseconds), ("agent", session.UserAgent), ("hash", passwordHash));
        if (stored == 0)
            return false;
        await connection.ExecuteAsync(
            "DELETE FROM sessions WHERE user_id = @user AND expires_at < @before",
            ("user", session.UserId), ("before", forgetBefore.Microseconds));
        return true;
    });

    public Task<(Session Session, Account Account)?> FindSessionAsync(long sessionId) =>
        database.ReadAsync(connection => connection.FirstAsync<(Session, Account)?>(
            """
            SELECT s.id, s.user_id, s.generation, s.rotated_at, s.created_at, s.last_used_at, s.expires_at, s.revoked_at, s.user_agent,
                   u.id, u.username, u.email, u.password_hash, u.created_at, u.disabled_at
            FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = @id
            """,
            row => (ReadSession(row), ReadAccount(row, 9)),
            ("id", sessionId)));

    /// <summary>The user's live sessions, at most 200, the last used first.</summary>
    public Task<IReadOnlyList<Session>> ListSessionsAsync(
        long userId, Timestamp now) => database.ReadAsync<IReadOnlyList<Session>>(async connection =>
        await connection.ListAsync(
            $"""
            SELECT {SessionColumns} FROM sessions WHERE user_id = @user AND revoked_at IS NULL AND expires_at > @now
            ORDER BY last_used_at DESC, id LIMIT 200
            """,
            ReadSession,
            ("user", userId), ("now", now.Microseconds)));

    /// <summary>Goes on to the next generation; of any number of callers with the same generation one succeeds.</summary>
    /// <returns>False, and nothing changed, when the session is not live or its generation is another.</returns>
    public Task<bool> RotateSessionAsync(long sessionId, int generation, Timestamp now, Timestamp expiresAt) =>
        database.WriteAsync(async connection => await connection.ExecuteAsync(
            """
            UPDATE sessions SET generation = generation + 1, rotated_at = @now, last_used_at = @now, expires_at = @expires
            WHERE id = @id AND generation = @generation AND revoked_at IS NULL AND expires_at > @now
            """,
            ("id", sessionId), ("generation", generation), ("now", now.Microseconds), ("expires", expiresAt.Microseconds)) == 1);

    /// <summary>Revokes one session, which must belong to the user.</summary>
    /// <returns>False, and nothing changed, when there is no such live session.</returns>
    public Task<bool> RevokeSessionAsync(long userId, long sessionId, Timestamp now) =>
        database.WriteAsync(async connection => await connection.ExecuteAsync(
            "UPDATE sessions SET revoked_at = @now WHERE id = @id AND user_id = @user AND revoked_at IS NULL AND expires_at > @now",
            ("id", sessionId), ("user", userId), ("now", now.Microseconds)) == 1);

    /// <summary>Revokes all sessions of the user.</summary>
    /// <returns>The ids of those it revoked.</returns>
    public Task<IReadOnlyList<long>> RevokeSessionsAsync(long userId, Timestamp now) =>
        database.WriteAsync(connection => RevokeAsync(connection, userId, now, keptSessionId: 0));

    /// <summary>The sessions revoked at or after a moment, with that moment.</summary>
    public Task<IReadOnlyList<(long SessionId, Timestamp RevokedAt)>> ListRevokedAsync(Timestamp since) =>
        database.ReadAsync<IReadOnlyList<(long, Timestamp)>>(async connection => await connection.ListAsync(
            "SELECT id, revoked_at FROM sessions WHERE revoked_at >= @since",
            row => (row.GetInt64(0), new Timestamp(row.GetInt64(1))),
            ("since", since.Microseconds)));

    /// <summary>When a backup became this database; null where none did.</summary>
    public Task<Timestamp?> FindRestoreAsync() =>
        database.ReadAsync(connection => connection.FirstAsync("SELECT restored_at FROM server", row => ReadTime(row, 0)));

    private static async Task<bool> TryReplaceHashAsync(DbConnection connection, long userId, string current, string replacement) =>
        await connection.ExecuteAsync(
            "UPDATE users SET password_hash = @replacement WHERE id = @id AND password_hash = @current",
            ("id", userId), ("current", current), ("replacement", replacement)) == 1;

    /// <summary>Revokes all sessions of the user but one; all where that is 0, which none has.</summary>
    private static async Task<IReadOnlyList<long>> RevokeAsync(DbConnection connection, long userId, Timestamp now, long keptSessionId) =>
        await connection.ListAsync(
            """
            UPDATE sessions SET revoked_at = @now
            WHERE user_id = @user AND id <> @kept AND revoked_at IS NULL AND expires_at > @now
            RETURNING id
            """,
            row => row.GetInt64(0),
            ("user", userId), ("kept", keptSessionId), ("now", now.Microseconds));

    /// <summary>Reads <see cref="AccountColumns"/> from the column given on.</summary>
    private static Account ReadAccount(DbDataReader row, int first) => new()
    {
        Id = row.GetInt64(first),
        Username = row.GetString(first + 1),
        Email = row.GetString(first + 2),
        PasswordHash = row.GetString(first + 3),
        CreatedAt = new Timestamp(row.GetInt64(first + 4)),
        DisabledAt = ReadTime(row, first + 5),
    };

    private static Session ReadSession(DbDataReader row) => new(
        row.GetInt64(0), row.GetInt64(1), row.GetInt32(2), new Timestamp(row.GetInt64(3)), new Timestamp(row.GetInt64(4)),
        new Timestamp(row.GetInt64(5)), new Timestamp(row.GetInt64(6)), ReadTime(row, 7), row.GetString(8));

    private static Timestamp? ReadTime(DbDataReader row, int column) => row.IsDBNull(column) ? null : new Timestamp(row.GetInt64(column));
}
