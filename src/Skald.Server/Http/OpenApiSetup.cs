using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Skald.Server.Http;

/// <summary>The OpenAPI document: what the endpoints declare of themselves.</summary>
internal static class OpenApiSetup
{
    /// <summary>The document's name, beside those of an application around us: each has its own title, routes and transformers.</summary>
    public const string Document = "skald";

    public static void AddSkaldOpenApi(this IServiceCollection services) => services.AddOpenApi(Document, options =>
    {
        // Ours are of this group, so no other document has them. Each GET is answered to a HEAD too: that need not be said each time.
        options.ShouldInclude = endpoint => endpoint.GroupName == Document && endpoint.HttpMethod != HttpMethods.Head;
        options.CreateSchemaReferenceId = ApiSchemas.NameOf;
        options.AddDocumentTransformer((document, _, _) => ApiDocument.DescribeAsync(document));
        options.AddOperationTransformer((operation, context, _) => ApiOperations.DescribeAsync(operation, context));
        options.AddSchemaTransformer((schema, context, _) => ApiSchemas.DescribeAsync(schema, context));
    });

    public static void MapDocument(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet("/openapi/v1.json", async (HttpContext context, [FromKeyedServices(Document)] IOpenApiDocumentProvider provider) =>
        {
            var document = await provider.GetOpenApiDocumentAsync(context.RequestAborted);
            document.Servers = [ApiDocument.ServerOf(context.Request.Path)];
            return TypedResults.Text(
                await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, context.RequestAborted),
                "application/json");
        }).ExcludeFromDescription();
}
