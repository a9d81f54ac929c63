using System.Text;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Skald.Server.Connections;

/// <summary>
/// Lets pages of <see cref="ConnectionsOptions.AllowedOrigins"/> call our endpoints and read the answers, as it lets them open sockets
/// (Fetch standard, section 3.2). No credentials are allowed: the refresh cookie is for our own page.
/// </summary>
/// <remarks>Where the application around us has a policy for the same request, its headers replace ours: they are set later.</remarks>
internal static class CrossOrigin
{
    private const string Methods = "GET, HEAD, POST, PATCH, DELETE";
    private const string RequestHeaders = "Authorization, Content-Type";
    private const string AnswerHeaders = "Link, Retry-After, Skald-Epoch, Skald-Seq, WWW-Authenticate";

    /// <summary>How long a browser need not ask again, in seconds: two hours, the most that Chromium keeps.</summary>
    private const string PreflightAge = "7200";

    public static void UseCrossOrigin(this IApplicationBuilder app)
    {
        var options = app.ApplicationServices.GetRequiredService<IOptions<ConnectionsOptions>>().Value;
        var any = options.AllowedOrigins.Count > 0;
        app.Use((context, next) =>
        {
            if (any)
                context.Response.OnStarting(() => AllowAsync(context, options));
            // A preflight is routed to the endpoint it asks about, which must not run.
            if (!HttpMethods.IsOptions(context.Request.Method))
                return next(context);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        });
    }

    private static Task AllowAsync(HttpContext context, ConnectionsOptions options)
    {
        var (request, headers) = (context.Request, context.Response.Headers);
        headers.Append(HeaderNames.Vary, HeaderNames.Origin);
        // Browsers send ASCII only, and no other origin could be written into an answer's header.
        if (request.Headers.Origin is not [{ } origin]
            || !Ascii.IsValid(origin)
            || WebOrigin.Parse(origin) is not { } asked
            || !options.Allows(asked))
            return Task.CompletedTask;
        headers.AccessControlAllowOrigin = origin;
        if (HttpMethods.IsOptions(request.Method))
        {
            headers.AccessControlAllowMethods = Methods;
            headers.AccessControlAllowHeaders = RequestHeaders;
            headers.AccessControlMaxAge = PreflightAge;
        }
        else
        {
            headers.AccessControlExposeHeaders = AnswerHeaders;
        }

        return Task.CompletedTask;
    }
}
