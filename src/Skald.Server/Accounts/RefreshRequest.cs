namespace Skald.Server.Accounts;

/// <summary>The body of a refresh.</summary>
/// <param name="Refresh">The refresh token of the last login or refresh. Without one it is the cookie's.</param>
/// <param name="Keep"><c>cookie</c> keeps the next one in a cookie that no script can read; see the login.</param>
internal sealed record RefreshRequest(string? Refresh = null, string? Keep = null);
