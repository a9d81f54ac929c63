namespace Skald.Server.Accounts.Sessions;

/// <summary>What a login and a refresh give out; <see cref="TokenView"/> is the answer.</summary>
/// <param name="Access">For <c>Authorization: Bearer</c> and the sockets.</param>
/// <param name="Refresh">Opaque; for the next refresh, once.</param>
internal sealed record TokenPair(string Access, string Refresh);
