using Skald.Protocol;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Http;

namespace Skald.Server.Accounts;

/// <summary>The body of a refresh.</summary>
/// <param name="Refresh">The refresh token of the last login or refresh. Without one it is the cookie's.</param>
/// <param name="Keep"><c>cookie</c> keeps the next one in a cookie that no script can read; see the login.</param>
internal sealed record RefreshRequest(string? Refresh = null, string? Keep = null)
{
    /// <summary>What is answered to a body with a wrong field, and to one that names no token where no cookie has one.</summary>
    public static ChatError NoToken { get; } = new(
        ErrorCode.BadRequest, "The body needs \"refresh\", a string; or \"keep\": \"cookie\", where the session is kept in a cookie.");

    public static Outcome<RefreshRequest> From(RequestFields fields)
    {
        var request = new RefreshRequest(
            fields.Optional("refresh") is { Length: > 0 } token ? token : null, RefreshCookie.Asked(fields));
        return fields.Error is null ? request : NoToken;
    }
}
