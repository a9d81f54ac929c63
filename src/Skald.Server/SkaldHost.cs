using System.Runtime.InteropServices;
using Skald.Server.Accounts;
using Skald.Server.Cluster;
using Skald.Server.Commands;
using Skald.Server.Connections;
using Skald.Server.Conversation.Messages;
using Skald.Server.Conversation.Rooms;
using Skald.Server.Database;
using Skald.Server.Delivery;
using Skald.Server.History;
using Skald.Server.Http;
using Skald.Server.Identity;
using Skald.Server.Limits;
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
        services.AddLimits(configuration);
        services.AddOperations(configuration);
        services.AddDatabase(configuration);
        services.AddHttp(configuration);
        services.AddTransport(configuration);
        services.AddIdentity(configuration);
        services.AddAccounts(configuration);
        services.AddRooms(configuration);
        services.AddHistory(configuration);
        services.AddCluster(configuration);
        services.AddDelivery(configuration);
        services.AddSingleton<MessagePipeline>();
        services.AddHostedService<Startup>();
        services.AddCommands(configuration);
        services.AddMessages(configuration);
        services.AddRoomCommands();
        services.AddConnections(configuration);
        services.AddStorage(configuration);
        return builder;
    }

    /// <summary>
    /// Maps the server's routes. Below a prefix, as <c>/chat</c>, its page, its API docs and its health are there too; without one
    /// those addresses (<c>/</c>, <c>/docs/</c>, <c>/healthz</c>) stay the application's. Nothing else in the application changes.
    /// </summary>
    /// <returns>Takes conventions for all of its routes.</returns>
    public static IEndpointConventionBuilder MapSkald(this IEndpointRouteBuilder endpoints, string prefix = "")
    {
        var skald = endpoints.MapApi(prefix, static own =>
        {
            own.UseTrustedProxies();
            own.UseSecurityHeaders();
        });
        if (prefix.Trim('/').Length == 0)
            return skald;
        skald.MapHealth();
        skald.MapDocument();
        skald.MapPage();
        return skald;
    }

    /// <param name="prefix">Below which path.</param>
    /// <param name="first">Middleware around each endpoint before all other, where the application's own pipeline does not have it.</param>
    internal static RouteGroupBuilder MapApi(
        this IEndpointRouteBuilder endpoints, string prefix = "", Action<IApplicationBuilder>? first = null)
    {
        var skald = endpoints.MapGroup(prefix);
        skald.AreOurOwn(endpoints, own =>
        {
            first?.Invoke(own);
            own.UseCrossOrigin();
            own.UseEndpointFaults();
            own.UseMiddleware<RequestLimitsMiddleware>();
            own.UseBearerAuthentication();
        });
        skald.MapAccounts();
        skald.MapMessages();
        skald.MapRooms();
        skald.MapConnections();
        return skald;
    }

    /// <summary>Runs the application. A server that must not start like this says why, and what to change.</summary>
    /// <returns>The process's exit code.</returns>
    public static async Task<int> RunSkaldAsync(this WebApplication app)
    {
        var (started, stopping, configuration) = (app.Lifetime.ApplicationStarted, app.Lifetime.ApplicationStopping, app.Configuration);
        // The framework stops for SIGTERM and SIGINT. A terminal that closes is no reason to cut everybody off without a word.
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            app.Lifetime.StopApplication();
        });
        try
        {
            var readiness = app.Services.GetRequiredService<Readiness>();
            await app.RunAsync();
            return readiness.Has(NotReadyReasons.LogEnded) ? 1 : 0;   // for systemd, or another supervisor, to restart it
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
