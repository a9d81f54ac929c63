using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Skald.Protocol;

namespace Skald.Server.Http;

/// <summary>
/// The types of the OpenAPI document as they are on the wire, where a number is a number and what is not known is left out. The
/// framework describes what its own serializer would take besides: numbers in quotes, and null for whatever may be absent.
/// </summary>
internal static class ApiSchemas
{
    /// <summary>What a type is called in the document and so in generated clients: MeView is Me.</summary>
    public static string? NameOf(JsonTypeInfo type)
    {
        var name = OpenApiOptions.CreateDefaultSchemaReferenceId(type);
        return name?.EndsWith("View", StringComparison.Ordinal) is true ? name[..^"View".Length] : name;
    }

    public static Task DescribeAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context)
    {
        if (schema.Type is { } type)
        {
            if (type.HasFlag(JsonSchemaType.Integer))
                (type, schema.Pattern) = (type & ~JsonSchemaType.String, null);
            schema.Type = type & ~JsonSchemaType.Null;
        }

        foreach (var mark in context.JsonPropertyInfo?.AttributeProvider?.GetCustomAttributes(inherit: false) ?? [])
            Apply(schema, mark);
        return Task.CompletedTask;
    }

    private static void Apply(OpenApiSchema schema, object mark)
    {
        switch (mark)
        {
            case AllowedValuesAttribute allowed:
                schema.Enum = [.. allowed.Values.Select(value => (JsonNode)JsonValue.Create((string)value!)!)];
                break;
            case KnownCodeAttribute:
                schema.Extensions ??= new Dictionary<string, IOpenApiExtension>(StringComparer.Ordinal);
                schema.Extensions["x-extensible-enum"] =
                    new JsonNodeExtension(new JsonArray([.. ErrorCode.All.Select(code => (JsonNode)JsonValue.Create(code.Name)!)]));
                break;
        }
    }
}
