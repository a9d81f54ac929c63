namespace Skald.Server.Identity;

/// <summary>Claims of the access token beside the registered ones.</summary>
internal static class TokenClaims
{
    /// <summary>The Django project's claim: <c>access</c> in every access token.</summary>
    public const string Kind = "token_type";

    /// <summary>The Django project's claim: the user's id, as a string.</summary>
    public const string UserId = "user_id";

    /// <summary>Ours: spares every request and every handshake a read of the database.</summary>
    public const string Username = "name";
}
