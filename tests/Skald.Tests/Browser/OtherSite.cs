using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;
using Skald.Server;

namespace Skald.Tests.Browser;

/// <summary>
/// Somebody else's site, at a port of its own and so another origin: one page, and the JavaScript client as its package has it.
/// </summary>
internal sealed class OtherSite : IAsyncDisposable
{
    private readonly WebApplication _app;

    private OtherSite(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single());

    /// <summary>As browsers write it, and as <c>Connections:AllowedOrigins</c> lists it.</summary>
    public string Origin => Address.GetLeftPart(UriPartial.Authority);

    public static async Task<OtherSite> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.UseStaticFiles(new StaticFileOptions
        {
            RequestPath = "/client",
            FileProvider = new ManifestEmbeddedFileProvider(typeof(SkaldHost).Assembly, "wwwroot/skald"),
        });
        const string page = "<!doctype html><title>Another site</title><link rel=icon href=data:,>";
        app.MapGet("/", () => Results.Text(page, "text/html", Encoding.UTF8));
        await app.StartAsync();
        return new OtherSite(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
