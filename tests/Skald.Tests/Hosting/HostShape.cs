using System.Net;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Skald.Tests.Hosting;

/// <summary>An application of somebody's own, in one of the ways in which they are put together.</summary>
/// <param name="Name">What is special about it.</param>
/// <param name="Pipeline">Its pipeline and endpoints; calls the second argument where it maps Skald.</param>
/// <param name="Services">Its services, before Skald's.</param>
/// <param name="Base">Below which address Skald answers.</param>
/// <param name="Prefix">What it gives to Skald as its prefix.</param>
internal sealed record HostShape(
    string Name, Action<WebApplication, Action<IEndpointRouteBuilder>> Pipeline, Action<WebApplicationBuilder>? Services =
        null, string Base = "", string Prefix = "")
{
    public static readonly HostShape[] All =
    [
        new("nothing special", (app, map) =>
        {
            MapOwn(app);
            map(app);
        }),
        new("Skald before its own endpoints", (app, map) =>
        {
            map(app);
            MapOwn(app);
        }),
        new("authorization before Skald", (app, map) =>
        {
            app.UseAuthentication();
            app.UseAuthorization();
            MapSecret(app);
            map(app);
        }, AddCookies),
        new("Skald before authorization", (app, map) =>
        {
            map(app);
            app.UseAuthentication();
            app.UseAuthorization();
            MapSecret(app);
        }, AddCookies),
        new("routing by its own call, then authorization", (app, map) =>
        {
            app.UseRouting();
            app.UseAuthentication();
            app.UseAuthorization();
            map(app);
            MapSecret(app);
        }, AddCookies),
        new("endpoints by their own call", (app, map) =>
        {
            app.UseRouting();
            app.UseAuthorization();
#pragma warning disable ASP0014 // How it was written before .NET 6, and still is.
            app.UseEndpoints(endpoints =>
            {
                map(endpoints);
                MapSecret(endpoints);
            });
#pragma warning restore ASP0014
        }, AddCookies),
        new("nobody gets in without a sign-in", (app, map) =>
        {
            app.UseAuthentication();
            app.UseAuthorization();
            MapSecret(app);
            map(app);
        }, builder =>
        {
            AddCookies(builder);
            builder.Services.Configure<AuthorizationOptions>(
                options => options.FallbackPolicy = new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        }),
        new("own error pages", (app, map) =>
        {
            app.UseExceptionHandler(handler => handler.Run(context => context.Response.WriteAsync("shop's own error page")));
            app.UseStatusCodePages(
                context => context.HttpContext.Response.WriteAsync($"shop's own {context.HttpContext.Response.StatusCode}"));
            MapOwn(app);
            map(app);
        }),
        new("own problem details", (app, map) =>
        {
            app.UseExceptionHandler();
            app.UseStatusCodePages();
            MapOwn(app);
            map(app);
        }, builder => builder.Services.AddProblemDetails(options =>
            options.CustomizeProblemDetails = context => context.ProblemDetails.Extensions["shop"] = "ours")),
        new("own JSON", (app, map) =>
        {
            MapOwn(app);
            map(app);
        }, builder => builder.Services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.PropertyNamingPolicy = null;
            options.SerializerOptions.WriteIndented = true;
            options.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault;
            options.SerializerOptions.NumberHandling = JsonNumberHandling.WriteAsString;
        })),
        new("own headers", (app, map) =>
        {
            app.Use((context, next) =>
            {
                context.Response.Headers.ContentSecurityPolicy = "script-src 'self' https://cdn.example";
                context.Response.Headers["Permissions-Policy"] = "camera=(self)";
                return next(context);
            });
            MapOwn(app);
            map(app);
        }),
        new("a path base", (app, map) =>
        {
            app.UsePathBase("/shop");
            app.UseRouting();
            MapOwn(app);
            map(app);
        }, Base: "/shop"),
        new("a prefix", (app, map) =>
        {
            MapOwn(app);
            map(app);
        }, Base: "/chat", Prefix: "/chat"),
        new("a group", (app, map) =>
        {
            MapOwn(app);
            map(app.MapGroup("/team/{team}"));
        }, Base: "/team/blue"),
        new("a path base, a group and a prefix", (app, map) =>
        {
            app.UsePathBase("/shop");
            app.UseRouting();
            MapOwn(app);
            map(app.MapGroup("/team"));
        }, Base: "/shop/team/chat", Prefix: "chat"),
        new("own fallback, health and page", (app, map) =>
        {
            MapOwn(app);
            app.MapGet("/", () => Results.Content("<h1>Shop</h1>", "text/html"));
            app.MapGet("/healthz", () => "the shop is open");
            app.MapFallback(() => Results.Content("<h1>Shop's one page</h1>", "text/html"));
            map(app);
        }),
        new("only a fallback", (app, map) =>
        {
            map(app);
            app.MapFallback(() => Results.Content("<h1>Shop's one page</h1>", "text/html"));
        }),
        new("own OpenAPI document", (app, map) =>
        {
            MapOwn(app);
            app.MapOpenApi();
            map(app);
        }, builder => builder.Services.AddOpenApi(options => options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "My Shop";
            document.Info.Version = "2.0";
            return Task.CompletedTask;
        }))),
        new("own CORS", (app, map) =>
        {
            app.UseCors();
            MapOwn(app);
            map(app);
        }, builder => builder.Services.AddCors(options =>
            options.AddDefaultPolicy(policy => policy.WithOrigins(HostTests.Origin).AllowAnyHeader().AllowAnyMethod()))),
        new("own proxies", (app, map) =>
        {
            app.UseForwardedHeaders();
            MapOwn(app);
            map(app);
        }, builder => builder.Services.Configure<ForwardedHeadersOptions>(options =>
        {
            options.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
            options.KnownProxies.Add(IPAddress.Loopback);
        })),
    ];

    public override string ToString() => Name;

    private static void AddCookies(WebApplicationBuilder builder)
    {
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie();
        builder.Services.AddAuthorization();
    }

    private static void MapSecret(IEndpointRouteBuilder endpoints)
    {
        MapOwn(endpoints);
        endpoints.MapGet("/secret", () => "secret").RequireAuthorization();
    }

    private static void MapOwn(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/products", () => new[] { new Product("Chair", new Maker("Carpenter & Co.", 7), null) });
        endpoints.MapPost("/echo", (Dictionary<string, object> body) => body);
        endpoints.MapGet("/fault", string () => throw new InvalidOperationException("a fault of the shop"));
        endpoints.MapGet("/problem", () => Results.Problem("sold out", statusCode: 409));
        endpoints.MapGet("/who", (HttpContext context) => $"{context.Connection.RemoteIpAddress} {context.Request.Scheme}");
    }

    internal sealed record Product(string ProductName, Maker MadeBy, string? Note);

    internal sealed record Maker(string CompanyName, int Id);
}
