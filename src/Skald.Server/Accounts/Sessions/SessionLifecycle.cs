using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Database;
using Skald.Server.Identity;

namespace Skald.Server.Accounts.Sessions;

/// <summary>
/// A session from login to end: begins, refreshes, expires, is revoked. Everything that was given out on it ends with it.
/// </summary>
internal sealed partial class SessionLifecycle(
    AccountStore store,
    AccessTokens accessTokens,
    RefreshTokens refreshTokens,
    EndedSessions ended,
    IOptions<AccountsOptions> options,
    IOptions<IdentityOptions> identity,
    TimeProvider clock,
    ILogger<SessionLifecycle> logger)
{
    private const int MaxUserAgentLength = 200;

    /// <summary>Ids stay exact in JavaScript, whose integers end at 2^53.</summary>
    private const long MaxId = 1L << 53;

    /// <summary>Expired sessions are kept this long, so that a late reuse of their tokens is still seen in the log.</summary>
    private static readonly TimeSpan KeptAfterExpiry = TimeSpan.FromDays(7);

    /// <summary>The one refusal of a refresh token, whatever is wrong with it.</summary>
    public static ChatError RefreshRefused { get; } =
        new(ErrorCode.TokenNotValid, "The refresh token is wrong, expired, revoked or used up. Log in again.");

    /// <summary>
    /// Raised with a session's id once its revocation is on disk and known here. Expiry raises nothing: see
    /// <see cref="GetExpiryAsync"/>.
    /// </summary>
    [SuppressMessage("Design", "MA0046:Use EventHandler<T> to declare events", Justification = "An id says it all.")]
    public event Action<long>? Ended;

    /// <summary>Raised after this node has ended sessions: other nodes of the database do not know it yet.</summary>
    [SuppressMessage("Design", "MA0046:Use EventHandler<T> to declare events", Justification = "There is nothing to say.")]
    public event Action? EndedHere;

    /// <summary>
    /// No session whose access token is valid now expires before this: it was refreshed, or began, within that token's life.
    /// </summary>
    public DateTimeOffset EarliestExpiry =>
        clock.GetUtcNow() + (options.Value.RefreshLifetime - identity.Value.AccessLifetime - AccessTokens.ClockSkew);

    private Timestamp Now => Timestamp.From(clock.GetUtcNow());

    /// <summary>Begins a session of a user whose password was just verified.</summary>
    /// <param name="account">The user, with the hash that was verified.</param>
    /// <param name="userAgent">What the client calls itself; anything.</param>
    /// <returns>Null when the password was changed or the user disabled since.</returns>
    public async Task<TokenPair?> BeginAsync(Account account, string userAgent)
    {
        var now = Now;
        var session = new Session(
            NewId(), account.Id, Generation: 1, now, now, now, ExpiryFrom(now), RevokedAt: null,
            userAgent.Length > MaxUserAgentLength ? userAgent[..MaxUserAgentLength] : userAgent);
        return await store.CreateSessionAsync(session, account.PasswordHash, Timestamp.From(clock.GetUtcNow() - KeptAfterExpiry))
            ? Pair(account, session.Id, session.Generation)
            : null;
    }

    /// <summary>Exchanges a refresh token for a new pair. The rules of P-29, in order.</summary>
    /// <returns>The pair; of the same token presented again in the grace period the same successor. Else why not.</returns>
    public async Task<Outcome<TokenPair>> RefreshAsync(string refreshToken)
    {
        if (!refreshTokens.TryRead(refreshToken, out var id, out var generation))
            return RefreshRefused;

        while (await store.FindSessionAsync(id) is var (session, account))
        {
            var now = Now;
            if (!session.IsLive(now) || !account.IsActive || generation > session.Generation)
                return RefreshRefused;   // a generation of the future is of a database that a backup has replaced

            if (generation == session.Generation && !options.Value.RotateRefreshTokens)
                return Pair(account, id, generation);
            if (generation == session.Generation)
            {
                if (await TryRotateAsync(id, generation, now) is { } current)
                    return Pair(account, id, current);
                continue;          // another request was faster: the session is now one generation on, or has ended
            }

            if (generation == session.Generation - 1
                && now.Microseconds - session.RotatedAt.Microseconds <= options.Value.RefreshGrace.TotalMicroseconds)
                return Pair(account, id, session.Generation);

            Log.Reused(logger, id, account.Id);
            await RevokeAsync(account.Id, id);
            return RefreshRefused;
        }

        return RefreshRefused;
    }

    /// <summary>Ends one session of a user.</summary>
    /// <returns>False when the user has no such live session.</returns>
    public async Task<bool> RevokeAsync(long userId, long sessionId)
    {
        var now = Now;
        var revoked = await store.RevokeSessionAsync(userId, sessionId, now);
        if (revoked)
            EndHere([sessionId], now);
        return revoked;
    }

    /// <summary>Ends all sessions of a user.</summary>
    public async Task RevokeAllAsync(long userId)
    {
        var now = Now;
        EndHere(await store.RevokeSessionsAsync(userId, now), now);
    }

    /// <summary>Stores a new password and ends all sessions but one.</summary>
    /// <returns>False, and nothing changed, when the account's password is another by now.</returns>
    public async Task<bool> ChangePasswordAsync(Account account, string passwordHash, long keptSessionId)
    {
        var now = Now;
        if (await store.ChangePasswordAsync(account.Id, account.PasswordHash, passwordHash, keptSessionId, now) is not { } revoked)
            return false;
        EndHere(revoked, now);
        return true;
    }

    /// <summary>Whether a session was revoked within the life of its access tokens. From memory: for every handshake and request.</summary>
    public bool IsEnded(long sessionId) => ended.Contains(sessionId);

    /// <summary>When the session ends unless it is refreshed; null when it has ended or its user is disabled.</summary>
    public async Task<DateTimeOffset?> GetExpiryAsync(long sessionId) =>
        await store.FindSessionAsync(sessionId) is var (session, account) && session.IsLive(Now) && account.IsActive
            ? session.ExpiresAt.ToDateTimeOffset()
            : null;

    public Task<IReadOnlyList<Session>> ListAsync(long userId) => store.ListSessionsAsync(userId, Now);

    /// <summary>Reads from disk which sessions ended lately. Before it, at start, a revoked access token would pass.</summary>
    public async Task LoadEndedAsync()
    {
        End(await store.ListRevokedAsync(Timestamp.From(clock.GetUtcNow() - ended.Memory)));
        ended.Restored = await store.FindRestoreAsync() ?? default;
    }

    /// <summary>Ends here what another node, or a command beside it, has ended on disk. Those that are known make no difference.</summary>
    /// <remarks>Remembered from now on, so that no clock of another node says how long.</remarks>
    public void EndToo(IEnumerable<long> sessionIds)
    {
        var now = Now;
        End([.. sessionIds.Where(id => !ended.Contains(id)).Select(id => (id, now))]);
    }

    /// <returns>The generation whose refresh token is valid now; null where it was another than the one given.</returns>
    private async Task<int?> TryRotateAsync(long id, int generation, Timestamp now)
    {
        try
        {
            return await store.RotateSessionAsync(id, generation, now, ExpiryFrom(now)) ? generation + 1 : null;
        }
        catch (StorageException e) when (e.Error.Code == ErrorCode.StorageFull || e.Error.Code == ErrorCode.StorageFailed)
        {
            // Nothing changed, so the token that was brought stays the valid one. Refused, its user could not even read any more.
            return generation;
        }
    }

    private static long NewId()
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        RandomNumberGenerator.Fill(bytes);
        // 1 … 2^53 - 1
        return (long)(BitConverter.ToUInt64(bytes) % (MaxId - 1)) + 1;
    }

    private Timestamp ExpiryFrom(Timestamp now) => Timestamp.From(now.ToDateTimeOffset() + options.Value.RefreshLifetime);

    private TokenPair Pair(Account account, long sessionId, int generation) => new(
        accessTokens.Create(new CurrentUser(account.Id, account.Username, sessionId)),
        refreshTokens.Create(sessionId, generation));

    private void EndHere(IReadOnlyList<long> sessionIds, Timestamp now)
    {
        End([.. sessionIds.Select(id => (id, now))]);
        if (sessionIds.Count > 0)
            EndedHere?.Invoke();
    }

    private void End(IReadOnlyList<(long Id, Timestamp At)> sessions)
    {
        // All are marked as ended before the first listener is called, so that a client that reconnects at once is refused.
        foreach (var (id, at) in sessions)
            ended.Add(id, at);
        foreach (var (id, _) in sessions)
            Ended?.Invoke(id);
    }

    private static partial class Log
    {
        [LoggerMessage(
            1010, LogLevel.Warning,
            "A used refresh token of session {SessionId} of user {UserId} came back: the session is ended, as the token may be stolen")]
        public static partial void Reused(ILogger logger, long sessionId, long userId);
    }
}
