using Skald.Protocol;

namespace Skald.Server.Accounts.Sessions;

/// <summary>One login: access tokens, refresh tokens and sockets hang on it and end with it.</summary>
/// <param name="Id">Random, so that a database restored from a backup never gives an id out twice; 1 … 2^53 - 1.</param>
/// <param name="Generation">The number of the one refresh token that works, from 1, +1 at each refresh.</param>
/// <param name="RotatedAt">When this generation began.</param>
/// <param name="LastUsedAt">The last refresh, or the login.</param>
/// <param name="ExpiresAt">When it ends by itself; each refresh moves it on.</param>
/// <param name="RevokedAt">When it was ended before its time.</param>
/// <param name="UserAgent">What the client called itself at login, for the user's list of sessions; at most 200 characters.</param>
internal sealed record Session(
    long Id,
    long UserId,
    int Generation,
    Timestamp RotatedAt,
    Timestamp CreatedAt,
    Timestamp LastUsedAt,
    Timestamp ExpiresAt,
    Timestamp? RevokedAt,
    string UserAgent)
{
    public bool IsLive(Timestamp now) => RevokedAt is null && ExpiresAt.Microseconds > now.Microseconds;
}
