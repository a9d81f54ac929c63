using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Http;

namespace Skald.Server.Accounts.Sessions;

/// <summary>
/// Keeps a page's refresh token where none of its scripts can read it: in a cookie that the browser sends to the refresh route alone,
/// and only for pages of this origin. A reload stays signed in; an injected script cannot carry the session away.
/// </summary>
/// <remarks>
/// <c>__Host-</c> would be a better name, but asks for the path <c>/</c>, and then every request and handshake would carry the token.
/// A page of a sibling domain can put a cookie of this name there: on a domain that is shared with strangers, Skald needs one of its own.
/// </remarks>
internal sealed class RefreshCookie(IOptions<AccountsOptions> options)
{
    /// <summary>The field of a body that says where the refresh token is to be kept, and its one value.</summary>
    private const string Field = "keep", InCookie = "cookie";

    private const string Name = "skald_refresh";

    /// <summary>Browsers accept a cookie of this prefix over HTTPS only, so that an attacker on the network cannot plant one.</summary>
    private const string SecureName = "__Secure-" + Name;

    private const string Api = "/api/", RefreshRoute = "/api/token/refresh";

    /// <summary>What a page of another origin is answered that asks for the cookie's use.</summary>
    public static ChatError Foreign { get; } =
        new(ErrorCode.Forbidden, "Only a page of this server's own origin may keep its session in a cookie: leave \"keep\" out, and keep the refresh token yourself.");

    /// <summary>What a refresh is answered that has no token anywhere.</summary>
    public static ChatError Missing { get; } = new(ErrorCode.TokenNotValid, "No session is kept in a cookie here. Log in.");

    /// <summary>Reads from a body where the refresh token is to be kept.</summary>
    /// <returns><c>cookie</c>, or null for the answer.</returns>
    public static string? Asked(RequestFields fields)
    {
        var value = fields.Optional(Field);
        if (value.Length > 0 && value != InCookie)
            fields.Refuse(Field, "Say \"cookie\", or leave it out.");
        return value == InCookie ? InCookie : null;
    }

    /// <summary>
    /// Whether the request may use the cookie: it is JSON, which no page of another origin can send without being allowed to, and the
    /// browser says that one of our own pages asks. A program sends no such header, and no page can make it ask.
    /// </summary>
    /// <returns>Why not; null where it may.</returns>
    public static ChatError? Check(HttpRequest request)
    {
        if (!request.HasJsonContentType())
            return Problems.WrongType;
        // Browsers compare what they see themselves; the Origin header is compared to what proxies left of our address, so it comes second.
        return request.Headers["Sec-Fetch-Site"] switch
        {
            ["same-origin"] => null,
            [] => request.Headers.Origin switch
            {
                [] => null,
                [{ } origin] when origin.Equals($"{request.Scheme}://{request.Host.Value}", StringComparison.OrdinalIgnoreCase) => null,
                _ => Foreign,
            },
            _ => Foreign,
        };
    }

    /// <summary>The path below which the browser finds this server, as far as it can be known here; empty at the root.</summary>
    /// <remarks>
    /// An application may have mapped us below a prefix, or in a group of routes, which only the request's own path tells. What a proxy
    /// takes off is known where it says so (<c>X-Forwarded-Prefix</c>, of <c>TrustedProxies</c>); else the browser keeps the cookie for
    /// a path that it never asks for.
    /// </remarks>
    /// <param name="request">To a route below <c>/api/</c>.</param>
    public static PathString ServerPath(HttpRequest request)
    {
        var path = request.Path.Value!;
        return request.PathBase.Add(path[..path.LastIndexOf(Api, StringComparison.OrdinalIgnoreCase)]);
    }

    /// <summary>The refresh token of the cookie; null where there is none.</summary>
    public static string? Read(HttpRequest request) => request.Cookies[NameFor(request)] is { Length: > 0 } token ? token : null;

    /// <summary>Puts the refresh token into the answer, or into the cookie.</summary>
    public TokenView Answer(HttpContext context, TokenPair pair, bool inCookie)
    {
        if (!inCookie)
            return new TokenView(pair.Access, pair.Refresh);
        var attributes = Attributes(context.Request);
        attributes.MaxAge = options.Value.RefreshLifetime;
        context.Response.Cookies.Append(NameFor(context.Request), pair.Refresh, attributes);
        return new TokenView(pair.Access, Refresh: null);
    }

    /// <summary>Has the browser forget the cookie.</summary>
    public static void Forget(HttpContext context) =>
        context.Response.Cookies.Delete(NameFor(context.Request), Attributes(context.Request));

    private static string NameFor(HttpRequest request) => request.IsHttps ? SecureName : Name;

    private static CookieOptions Attributes(HttpRequest request) => new()
    {
        HttpOnly = true,
        Secure = request.IsHttps,
        SameSite = SameSiteMode.Strict,
        Path = ServerPath(request).Add(RefreshRoute),
    };
}
