using Microsoft.Extensions.FileProviders;

namespace Skald.Server.Http;

/// <summary>The page, the JavaScript client and the API docs, out of the assembly.</summary>
internal static class Page
{
    private const string Docs = "/docs";

    /// <summary>Serves them at the root of this pipeline, for whatever has no endpoint.</summary>
    public static void UsePage(this IApplicationBuilder app)
    {
        app.UseFileServer(new FileServerOptions
        {
            FileProvider = new ManifestEmbeddedFileProvider(typeof(Page).Assembly, "wwwroot"),
            // Its modules belong together: after an upgrade a browser must not mix old ones with new ones.
            StaticFileOptions = { OnPrepareResponse = file => file.Context.Response.Headers.CacheControl = "no-cache" },
        });
        app.UseWhen(
            context => context.Request.Path.StartsWithSegments(Docs, StringComparison.OrdinalIgnoreCase),
            docs => docs.UseSwaggerUI(ui =>
        {
            ui.RoutePrefix = Docs[1..];
            ui.DocumentTitle = "Skald API";
            ui.SwaggerEndpoint("../openapi/v1.json", "Skald");   // from the docs' own address: whatever prefix we and our proxies have
            ui.HeadContent = "<style>.swagger-ui .topbar { display: none }</style>";   // a choice among documents, of which there is one
        }));
    }

    /// <summary>Serves them below the prefix of these endpoints, for whatever has no other endpoint there.</summary>
    public static void MapPage(this IEndpointRouteBuilder endpoints)
    {
        var files = endpoints.CreateApplicationBuilder();
        files.UsePage();
        files.Run(context => Problems.WriteAsync(context, StatusCodes.Status404NotFound));
        var serve = files.Build();
        endpoints.MapMethods("/{**file}", [HttpMethods.Get], async context =>
        {
            var (request, file) = (context.Request, context.GetRouteValue("file") as string ?? "");
            var path = request.Path.Value!;
            var prefix = path[..^file.Length].TrimEnd('/');
            var (outerBase, outerPath) = (request.PathBase, request.Path);
            (request.PathBase, request.Path) = (outerBase + prefix, path[prefix.Length..]);
            context.SetEndpoint(null);   // the file server leaves alone what has one
            await serve(context);
            (request.PathBase, request.Path) = (outerBase, outerPath);
        }).WithOrder(int.MaxValue - 1).ExcludeFromDescription();
    }
}
