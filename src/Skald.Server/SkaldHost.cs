using Microsoft.Extensions.FileProviders;
using Skald.Server.Accounts;
using Skald.Server.Connections;
using Skald.Server.Delivery;
using Skald.Server.History;
using Skald.Server.Operations;
using Skald.Server.Rooms;
using Skald.Server.Storage;
using Skald.Server.Transport;

namespace Skald.Server;

/// <summary>Skald inside an ASP.NET Core application: its own, or the one of your product.</summary>
public static class SkaldHost
{
    /// <summary>Adds the server's services. Settings come from the application's configuration: see docs/operations.md.</summary>
    public static WebApplicationBuilder AddSkald(this WebApplicationBuilder builder)
    {
        var (services, configuration) = (builder.Services, builder.Configuration);
        // The address of a socket may carry a token: the hosting layer's request log, which prints addresses, stays quiet.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning);

        services.AddOperations(configuration);
        services.AddTransport();
        services.AddAccounts(configuration);
        services.AddRooms(configuration);
        services.AddHistory();
        services.AddDelivery();
        services.AddSingleton<MessagePipeline>();
        services.AddHostedService<Startup>();
        services.AddConnections(configuration);
        services.AddStorage();
        return builder;
    }

    /// <summary>Maps the server's routes, its API docs at <c>/docs/</c> and its page at <c>/</c>.</summary>
    public static WebApplication MapSkald(this WebApplication app)
    {
        app.UseTrustedProxies();
        app.UseSecurityHeaders();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        // Routed first: the files are looked for only where no endpoint answers.
        app.UseRouting();
        app.UseFileServer(Page());
        app.UseWhen(context => context.Request.Path.StartsWithSegments("/docs", StringComparison.OrdinalIgnoreCase), AddDocs);
        app.UseBearerAuthentication();

        app.MapHealth();
        app.MapOpenApi();
        app.MapAccounts();
        app.MapHistory();
        app.MapConnections();
        return app;
    }

    private static void AddDocs(IApplicationBuilder app) => app.UseSwaggerUI(docs =>
    {
        docs.RoutePrefix = "docs";
        docs.DocumentTitle = "Skald API";
        docs.SwaggerEndpoint("/openapi/v1.json", "Skald");
    });

    /// <summary>The page and the JavaScript client, out of the assembly.</summary>
    private static FileServerOptions Page() => new()
    {
        FileProvider = new ManifestEmbeddedFileProvider(typeof(SkaldHost).Assembly, "wwwroot"),
        // Its modules belong together: after an upgrade a browser must not mix old ones with new ones.
        StaticFileOptions = { OnPrepareResponse = file => file.Context.Response.Headers.CacheControl = "no-cache" },
    };

    /// <summary>Runs the application. A server that must not start like this says why, and what to change.</summary>
    /// <returns>The process's exit code.</returns>
    public static async Task<int> RunSkaldAsync(this WebApplication app)
    {
        var (started, stopping, configuration) = (app.Lifetime.ApplicationStarted, app.Lifetime.ApplicationStopping, app.Configuration);
        try
        {
            await app.RunAsync();
            return 0;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return 0;   // stopped while it started
        }
        catch (Exception e) when (!started.IsCancellationRequested && StartupRefusal.Sentence(e, configuration) is { } why)
        {
            return await StartupRefusal.SayAsync(why);
        }
    }
}
