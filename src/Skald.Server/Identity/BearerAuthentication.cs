using Skald.Server.Http;

namespace Skald.Server.Identity;

/// <summary>
/// Who asks: the <c>Authorization</c> header says it, and nothing else. No cookie and no query signs anyone in here.
/// </summary>
/// <remarks>
/// The framework's schemes and policies choose among many of each; here there is one, and choosing took up to a tenth of a page of history.
/// A product that hosts this server keeps its own default scheme.
/// </remarks>
internal static class BearerAuthentication
{
    private const string Prefix = "Bearer ";

    /// <summary>The token of the header.</summary>
    /// <returns>Null when there is none; an empty text, which no token is, when there are several headers.</returns>
    public static string? TokenOf(HttpRequest request) => request.Headers.Authorization switch
    {
        [] => null,
        [{ } value] when value.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) => value[Prefix.Length..].Trim(),
        [_] => null,
        _ => "",
    };

    /// <summary>Lets only users call the endpoints that are <see cref="EndpointDocs.ForUsers"/>.</summary>
    public static void UseBearerAuthentication(this IApplicationBuilder app)
    {
        var tokens = app.ApplicationServices.GetRequiredService<AccessTokens>();
        app.Use((context, next) =>
            context.GetEndpoint()?.Metadata.GetMetadata<UsersOnly>() is null
                ? next(context)
                : AdmitAsync(tokens, context, next));
    }

    private static async Task AdmitAsync(AccessTokens tokens, HttpContext context, RequestDelegate next)
    {
        if (TokenOf(context.Request) is not { } token)
        {
            await Problems.WriteAsync(context, Problems.NotAuthenticated);
        }
        else if (!(await tokens.ValidateAsync(token)).TryGet(out var user, out var refusal))
        {
            await Problems.WriteAsync(context, refusal);
        }
        else
        {
            user.SignIn(context);
            await next(context);
        }
    }
}
