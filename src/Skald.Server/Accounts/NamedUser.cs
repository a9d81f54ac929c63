namespace Skald.Server.Accounts;

/// <summary>A user that somebody names.</summary>
/// <param name="Id">0 where there is none of this name.</param>
/// <param name="Name">As the account has it; where there is none, as it was named.</param>
internal readonly record struct NamedUser(long Id, string Name);
