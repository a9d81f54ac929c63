using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Operations;

namespace Skald.Server.Accounts;

/// <summary>The scheme <c>Bearer</c>: the <c>Authorization</c> header and nothing else. No cookie and no query signs anyone in here (A-2, N-17).</summary>
internal sealed class BearerAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, AccessTokens tokens)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "Bearer";

    private const string Prefix = SchemeName + " ";

    private ChatError? _refusal;

    /// <summary>The token of the header.</summary>
    /// <returns>Null when there is none; an empty text, which no token is, when there are several headers.</returns>
    public static string? TokenOf(HttpRequest request) => request.Headers.Authorization switch
    {
        [] => null,
        [{ } value] when value.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) => value[Prefix.Length..].Trim(),
        [_] => null,
        _ => "",
    };

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (TokenOf(Request) is not { } token)
            return AuthenticateResult.NoResult();
        var outcome = await tokens.ValidateAsync(token);
        if (outcome.TryGet(out var user, out _refusal))
            return AuthenticateResult.Success(new AuthenticationTicket(user.ToPrincipal(SchemeName), SchemeName));
        return AuthenticateResult.Fail(_refusal.Detail);
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) =>
        Problems.WriteAsync(Context, _refusal ?? Problems.NotAuthenticated);

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        Problems.WriteAsync(Context, new ChatError(ErrorCode.Forbidden, "This is not allowed."));
}
