using Skald.Protocol;

namespace Skald.Server.Accounts;

/// <summary>Users and sessions on disk. Each call is one transaction; what it changed is durable when it completes.</summary>
/// <remarks>An engine's failure comes out as its own exception and changed nothing. <c>AccountStoreContract</c> tests every engine.</remarks>
internal interface IAccountStore
{
    /// <summary>Stores a user.</summary>
    /// <returns>Null when the name, without regard to case, is taken.</returns>
    Task<Account?> CreateAccountAsync(string username, string email, string passwordHash, Timestamp now);

    /// <param name="username">In any case.</param>
    Task<Account?> FindAccountAsync(string username);

    Task<Account?> FindAccountAsync(long userId);

    /// <summary>Writes the same password's hash anew, with other parameters.</summary>
    /// <returns>False, and nothing changed, when the stored hash is no longer <paramref name="current"/>.</returns>
    Task<bool> RehashPasswordAsync(long userId, string current, string replacement);

    /// <summary>Stores a new password and revokes every session of the user but one.</summary>
    /// <returns>The ids of the sessions it revoked; null, and nothing changed, when the stored hash is no longer <paramref name="current"/>.</returns>
    Task<IReadOnlyList<long>?> ChangePasswordAsync(long userId, string current, string replacement, long keptSessionId, Timestamp now);

    /// <summary>All users, by name.</summary>
    Task<IReadOnlyList<Account>> ListAccountsAsync();

    /// <summary>Stores a new password, whatever the one before it was, and revokes every session of the user.</summary>
    /// <returns>The ids of the sessions it revoked; null where there is no such user.</returns>
    Task<IReadOnlyList<long>?> ResetPasswordAsync(long userId, string replacement, Timestamp now);

    /// <summary>Keeps a user out from now on, and revokes every session; or lets the user in again.</summary>
    /// <returns>The ids of the sessions it revoked; null, and nothing changed, where there is no such user or it was so already.</returns>
    Task<IReadOnlyList<long>?> SetDisabledAsync(long userId, bool disabled, Timestamp now);

    /// <summary>Stores a new session, and forgets those of this user that expired before <paramref name="forgetBefore"/>.</summary>
    /// <returns>
    /// False, and nothing changed, when the user is disabled or the hash is no longer <paramref name="passwordHash"/>: a login that began
    /// before the password was changed must not end after it.
    /// </returns>
    Task<bool> CreateSessionAsync(Session session, string passwordHash, Timestamp forgetBefore);

    Task<(Session Session, Account Account)?> FindSessionAsync(long sessionId);

    /// <summary>The user's live sessions, at most 200, the last used first.</summary>
    Task<IReadOnlyList<Session>> ListSessionsAsync(long userId, Timestamp now);

    /// <summary>Goes on to the next generation; of any number of callers with the same generation one succeeds.</summary>
    /// <returns>False, and nothing changed, when the session is not live or its generation is another.</returns>
    Task<bool> RotateSessionAsync(long sessionId, int generation, Timestamp now, Timestamp expiresAt);

    /// <summary>Revokes one session, which must belong to the user.</summary>
    /// <returns>False, and nothing changed, when there is no such live session.</returns>
    Task<bool> RevokeSessionAsync(long userId, long sessionId, Timestamp now);

    /// <summary>Revokes all sessions of the user.</summary>
    /// <returns>The ids of those it revoked.</returns>
    Task<IReadOnlyList<long>> RevokeSessionsAsync(long userId, Timestamp now);

    /// <summary>The sessions revoked at or after a moment, with that moment.</summary>
    Task<IReadOnlyList<(long SessionId, Timestamp RevokedAt)>> ListRevokedAsync(Timestamp since);

    /// <summary>When a backup became this database; null where none did.</summary>
    Task<Timestamp?> FindRestoreAsync();
}
