namespace Skald.Server.Accounts;

/// <summary>The body of a refresh.</summary>
/// <param name="Refresh">The refresh token of the last login or refresh.</param>
internal sealed record RefreshRequest(string Refresh);
