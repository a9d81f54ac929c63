using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Skald.Server.Operations;

/// <summary>The OpenAPI document: what the endpoints declare of themselves, with their examples, the bearer scheme and the problem body.</summary>
internal static class OpenApiSetup
{
    /// <summary>The document's name, beside those of an application around us: each has its own title, routes and transformers.</summary>
    public const string Document = "skald";

    private const string Bearer = "Bearer";

    public static void AddSkaldOpenApi(this IServiceCollection services) => services.AddOpenApi(Document, options =>
    {
        // Ours are of this group, so no other document has them. Each GET is answered to a HEAD too: that need not be said each time.
        options.ShouldInclude = endpoint => endpoint.GroupName == Document && endpoint.HttpMethod != HttpMethods.Head;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Skald",
                Version = "v1",
                Description = "A self-hosted real-time chat backend: a room is a log and everything else is a cursor into it. " +
                    "The sockets and their frames are described in docs/protocol.md.",
                License = new OpenApiLicense { Name = "Apache-2.0" },
            };
            document.Servers = [];
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal);
            document.Components.SecuritySchemes[Bearer] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                BearerFormat = "JWT",
                Description = "The access token of POST /api/login/.",
            };
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            var metadata = context.Description.ActionDescriptor.EndpointMetadata;
            if (metadata.OfType<UsersOnly>().Any())
                operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Bearer, context.Document)] = [] }];
            foreach (var example in metadata.OfType<ApiExample>())
                Attach(operation, example);
            return Task.CompletedTask;
        });
    });

    public static void MapDocument(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet("/openapi/v1.json", async (HttpContext context, [FromKeyedServices(Document)] IOpenApiDocumentProvider provider) =>
        {
            var document = await provider.GetOpenApiDocumentAsync(context.RequestAborted);
            return TypedResults.Text(await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, context.RequestAborted), "application/json");
        }).ExcludeFromDescription();

    private static void Attach(OpenApiOperation operation, ApiExample example)
    {
        var content = example.Status is { } status
            ? operation.Responses?.GetValueOrDefault(status.ToString(System.Globalization.CultureInfo.InvariantCulture))?.Content
            : operation.RequestBody?.Content;
        foreach (var media in content?.Values ?? [])
        {
            if (media is OpenApiMediaType writable)
                writable.Example = JsonNode.Parse(example.Json());
        }
    }
}
