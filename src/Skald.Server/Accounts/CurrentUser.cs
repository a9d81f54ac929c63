using System.Globalization;
using System.Security.Claims;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Skald.Server.Accounts;

/// <summary>Who asks, as the access token says: enough to serve a request without reading the database.</summary>
internal readonly record struct CurrentUser(long Id, string Username, long SessionId)
{
    /// <summary>Binds an endpoint's parameter. The endpoint must require authorization, or there is nobody to bind.</summary>
    public static ValueTask<CurrentUser> BindAsync(HttpContext context) => ValueTask.FromResult(From(context.User));

    public static CurrentUser From(ClaimsPrincipal principal) => new(
        long.Parse(Required(principal, TokenClaims.UserId), NumberStyles.None, CultureInfo.InvariantCulture),
        Required(principal, TokenClaims.Username),
        long.Parse(Required(principal, JwtRegisteredClaimNames.Sid), NumberStyles.None, CultureInfo.InvariantCulture));

    public ClaimsPrincipal ToPrincipal(string scheme) => new(new ClaimsIdentity(
        [
            new Claim(TokenClaims.UserId, Id.ToString(CultureInfo.InvariantCulture)),
            new Claim(TokenClaims.Username, Username),
            new Claim(JwtRegisteredClaimNames.Sid, SessionId.ToString(CultureInfo.InvariantCulture)),
        ],
        scheme,
        nameType: TokenClaims.Username,
        roleType: null));

    private static string Required(ClaimsPrincipal principal, string claim) =>
        principal.FindFirst(claim)?.Value
        ?? throw new InvalidOperationException("Nobody is signed in: an endpoint that takes CurrentUser must call RequireAuthorization.");
}
