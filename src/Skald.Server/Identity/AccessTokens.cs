using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Skald.Protocol;
using Skald.Server.Database;

namespace Skald.Server.Identity;

/// <summary>Makes and checks access tokens: JWTs with the claims of the Django project's, HS256 and nothing else.</summary>
/// <remarks>
/// RFC 8725: the algorithm is pinned, the key comes from our own ring by <c>kid</c>, and whatever else a header says (<c>jwk</c>,
/// <c>jku</c>, <c>x5u</c>) is not looked at, so nothing is ever fetched. <c>typ: at+jwt</c> (RFC 9068) keeps tokens of another kind
/// out.
/// </remarks>
internal sealed class AccessTokens
{
    /// <summary>What two clocks may differ by. IdentityModel's default is 5 minutes, as long as a token lives here.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    private const string Type = "at+jwt";
    private const string Kind = "access";

    /// <summary>Tokens whose signature is remembered: some 10 MB when full.</summary>
    private const int MaxVerified = 10_000;

    private readonly IdentityOptions _options;
    private readonly int _maxLength;
    private readonly KeyRing _keys;
    private readonly EndedSessions _ended;
    private readonly UserExists _userExists;
    private readonly TimeProvider _clock;
    private readonly JsonWebTokenHandler _handler;
    private readonly TokenValidationParameters _rules;

    // A signature that was right stays right: what can change, time and session, is asked each time.
    private readonly ConcurrentDictionary<string, Verified> _verified = new(StringComparer.Ordinal);

    public AccessTokens(
        IOptions<IdentityOptions> options,
        IOptions<IdentityLimits> limits,
        KeyRing keys,
        EndedSessions ended,
        UserExists userExists,
        TimeProvider clock)
    {
        _options = options.Value;
        _maxLength = limits.Value.TokenBytes;
        _keys = keys;
        _ended = ended;
        _userExists = userExists;
        _clock = clock;
        _handler = new JsonWebTokenHandler
        {
            MapInboundClaims = false,
            SetDefaultTimesOnTokenCreation = false,
            MaximumTokenSizeInBytes = _maxLength,
        };
        _rules = new TokenValidationParameters
        {
            ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
            ValidTypes = [Type],
            ValidIssuer = _options.Issuer,
            ValidAudience = _options.Audience,
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            TryAllIssuerSigningKeys = false,
            IssuerSigningKeyResolver = (_, _, kid, _) => keys.Find(kid) is { } key ? [key] : [],
            LifetimeValidator = (notBefore, expires, _, _) => IsInItsTime(notBefore, expires),
        };
    }

    /// <summary>The one refusal of whatever is wrong: who made the token well does not need to be told more.</summary>
    public static ChatError Refused { get; } =
        new(ErrorCode.TokenNotValid, "The access token is wrong, expired or revoked. Refresh it, or log in again.");

    /// <summary>A token for one session, for <see cref="IdentityOptions.AccessLifetime"/> from now.</summary>
    public string Create(CurrentUser user)
    {
        var now = _clock.GetUtcNow().UtcDateTime;
        var id = user.Id.ToString(CultureInfo.InvariantCulture);
        return _handler.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = Type,
            Issuer = _options.Issuer,
            Audience = _options.Audience,
            IssuedAt = now,
            Expires = now + _options.AccessLifetime,
            Claims = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                [TokenClaims.Kind] = Kind,
                [TokenClaims.UserId] = id,
                [TokenClaims.Username] = user.Username,
                [JwtRegisteredClaimNames.Sub] = id,
                [JwtRegisteredClaimNames.Sid] = user.SessionId.ToString(CultureInfo.InvariantCulture),
                [JwtRegisteredClaimNames.Jti] = Guid.NewGuid().ToString("N"),
            },
            SigningCredentials = new SigningCredentials(_keys.Signing, SecurityAlgorithms.HmacSha256),
        });
    }

    /// <summary>
    /// Checks a token, from its size to its session. The database is read once a token: a token that was forged with a stolen key may
    /// name a user that does not exist.
    /// </summary>
    public async ValueTask<Outcome<CurrentUser>> ValidateAsync(string token)
    {
        if (token.Length > _maxLength)
            return Refused;
        if (!_verified.TryGetValue(token, out var verified))
        {
            var result = await _handler.ValidateTokenAsync(token, _rules);
            if (!result.IsValid || Read((JsonWebToken)result.SecurityToken) is not { } reader)
                return Refused;
            if (await FindAsync(reader) is { } refusal)
                return refusal;
            verified = new Verified(reader, ((JsonWebToken)result.SecurityToken).IssuedAt, result.SecurityToken.ValidTo);
            Remember(token, verified);
        }

        return IsInItsTime(notBefore: null, verified.ValidTo) && IsOfThisDatabase(verified) && !_ended.Contains(verified.User.SessionId)
            ? verified.User
            : Refused;
    }

    /// <returns>Null where there is such a user.</returns>
    private async Task<ChatError?> FindAsync(CurrentUser user)
    {
        try
        {
            return await _userExists(user.Id) ? null : Refused;
        }
        catch (StorageException e)
        {
            return e.Error;
        }
    }

    /// <remarks><c>iat</c> counts whole seconds.</remarks>
    private bool IsOfThisDatabase(Verified token) => token.IssuedAt.AddSeconds(1) > _ended.Restored.ToDateTimeOffset().UtcDateTime;

    private void Remember(string token, Verified verified)
    {
        // Tokens live for minutes: when there are too many, most are of the past, and forgetting all costs each of the others one check.
        if (_verified.Count >= MaxVerified)
            _verified.Clear();
        _verified[token] = verified;
    }

    private bool IsInItsTime(DateTime? notBefore, DateTime? expires)
    {
        var now = _clock.GetUtcNow().UtcDateTime;
        return expires is { } end && now < end + ClockSkew && (notBefore is not { } start || start - ClockSkew <= now);
    }

    private sealed record Verified(CurrentUser User, DateTime IssuedAt, DateTime ValidTo);

    private static CurrentUser? Read(JsonWebToken token) =>
        token.TryGetValue<string>(TokenClaims.Kind, out var kind) && kind == Kind &&
        token.TryGetValue<string>(TokenClaims.UserId, out var userId) && userId == token.Subject &&
        token.TryGetValue<string>(TokenClaims.Username, out var username) && username.Length > 0 &&
        token.TryGetValue<string>(JwtRegisteredClaimNames.Sid, out var sessionId) &&
        long.TryParse(userId, NumberStyles.None, CultureInfo.InvariantCulture, out var user) &&
        long.TryParse(sessionId, NumberStyles.None, CultureInfo.InvariantCulture, out var session)
            ? new CurrentUser(user, username, session)
            : null;
}
