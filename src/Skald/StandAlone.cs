using Microsoft.Extensions.Options;
using Skald.Server;
using Skald.Server.Http;
using Skald.Server.Limits;

namespace Skald;

/// <summary>The application that the program is: Skald and nothing else, so each answer is ours, whatever was asked for.</summary>
internal static class StandAlone
{
    public static WebApplicationBuilder AddStandAlone(this WebApplicationBuilder builder)
    {
        // The address of a socket may carry a token: the hosting layer's request log, which prints addresses, stays quiet.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // Kestrel is made before the host judges the settings: a fault in one that it needs would hide those of all others.
            kestrel.ApplicationServices.GetRequiredService<IStartupValidator>().Validate();
            WebServerLimits.Apply(kestrel);
        });
        builder.Services.AddProblemDetails(options => options.CustomizeProblemDetails = Problems.Complete);
        builder.Services.ConfigureHttpJsonOptions(ApiJson.Apply);
        return builder.AddSkald();
    }

    /// <summary>The server's routes, its API docs at <c>/docs/</c> and its page at <c>/</c>.</summary>
    public static WebApplication MapStandAlone(this WebApplication app)
    {
        app.UseTrustedProxies();
        app.UseSecurityHeaders();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        // Routed first: the files are looked for only where no endpoint answers.
        app.UseRouting();
        app.Use(AnswerHaproxy);
        app.UsePage();

        var skald = app.MapApi();
        skald.MapHealth();
        skald.MapDocument();
        return app;
    }

    /// <summary>HAProxy's check asks so by default: the server is there.</summary>
    private static Task AnswerHaproxy(HttpContext context, RequestDelegate next)
    {
        if (!HttpMethods.IsOptions(context.Request.Method) || context.Request.Path != "/")
            return next(context);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        context.Response.Headers.Allow = "GET, HEAD, OPTIONS";
        return Task.CompletedTask;
    }
}
