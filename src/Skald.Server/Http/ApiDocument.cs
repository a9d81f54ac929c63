using System.Reflection;
using Microsoft.OpenApi;

namespace Skald.Server.Http;

/// <summary>
/// What the OpenAPI document says of the whole: its title and version, where it is served, its parts in a reader's order, the bearer
/// token.
/// </summary>
internal static class ApiDocument
{
    public const string Bearer = "Bearer";

    /// <summary>The parts in the order in which one meets them.</summary>
    private static readonly OpenApiTag[] Parts =
    [
        new() { Name = "Accounts", Description = "Register, log in, keep the session alive, end it." },
        new() { Name = "Messages", Description = "Send into a room and read its history, without a socket." },
        new() { Name = "Operations", Description = "For whoever runs the server and for what stands in front of it." },
        new() { Name = "Rooms", Description = "Make rooms, find them, and say who may do what in them." },
    ];

    /// <summary>Skald's version, without the commit that a build may add to it.</summary>
    private static string Version { get; } =
        typeof(ApiDocument).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public static Task DescribeAsync(OpenApiDocument document)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Skald",
            Version = Version,
            Description = "A self-hosted real-time chat backend: a room is a log and everything else is a cursor into it. " +
                "The sockets and their frames are in ../asyncapi.json, and in words in docs/protocol.",
            License = new OpenApiLicense { Name = "Apache-2.0", Identifier = "Apache-2.0" },
        };
        document.Tags = new HashSet<OpenApiTag>(Parts);
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal);
        document.Components.SecuritySchemes[Bearer] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            BearerFormat = "JWT",
            Description = "The access token of POST /api/login/.",
        };
        foreach (var schema in document.Components.Schemas?.Values.OfType<OpenApiSchema>() ?? [])
            NameAsSent(schema);
        return Task.CompletedTask;
    }

    /// <summary>
    /// The framework names fields as the application around us would write them: ours are written by <see cref="ApiJson"/>.
    /// </summary>
    private static void NameAsSent(OpenApiSchema schema)
    {
        foreach (var (name, field) in schema.Properties?.ToArray() ?? [])
        {
            var sent = ApiJson.Options.PropertyNamingPolicy!.ConvertName(name);
            if (sent == name)
                continue;
            schema.Properties!.Remove(name);
            schema.Properties[sent] = field;
            if (schema.Required?.Remove(name) is true)
                schema.Required.Add(sent);
        }
    }

    /// <summary>
    /// The application's root, from the address of the document in it: <c>..</c> from <c>/openapi/v1.json</c>. Relative, it is true
    /// under a proxy's path and by whatever name the server is reached.
    /// </summary>
    public static OpenApiServer ServerOf(PathString document) => new()
    {
        Url = string.Join('/', Enumerable.Repeat("..", document.Value!.Trim('/').Count(letter => letter == '/'))),
        Description = "The server this document comes from",
    };
}
