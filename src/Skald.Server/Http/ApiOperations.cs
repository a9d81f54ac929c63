using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Skald.Server.Http;

/// <summary>
/// Writes into each operation of the OpenAPI document what its endpoint declares as metadata (<see cref="EndpointDocs"/>).
/// </summary>
internal static class ApiOperations
{
    public static Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        operation.OperationId = metadata.OfType<OperationId>().FirstOrDefault()?.Name;
        // One empty requirement says that nobody need be anyone; none at all would say nothing.
        operation.Security = metadata.OfType<UsersOnly>().Any()
            ? [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(ApiDocument.Bearer, context.Document)] = [] }]
            : [[]];
        LeaveOutForms(operation);
        foreach (var parameter in metadata.OfType<ApiParameter>())
            Attach(operation, parameter);
        foreach (var header in metadata.OfType<ApiHeader>().Concat(HeadersOfRefusals(operation)))
            Attach(operation, header);
        foreach (var example in metadata.OfType<ApiExample>())
            Attach(operation, example);
        return Task.CompletedTask;
    }

    /// <summary>
    /// Where a form will do as well, the sentences say so: generated clients would ask for each field twice, as JSON and as a form.
    /// </summary>
    private static void LeaveOutForms(OpenApiOperation operation)
    {
        if (operation.RequestBody?.Content is not { } content)
            return;
        foreach (var form in content.Keys.Where(type => type != "application/json").ToArray())
            content.Remove(form);
    }

    private static IEnumerable<ApiHeader> HeadersOfRefusals(OpenApiOperation operation)
    {
        foreach (var (key, response) in operation.Responses ?? [])
        {
            if (response.Content?.ContainsKey("application/problem+json") is not true)
                continue;
            var status = int.Parse(key, CultureInfo.InvariantCulture);
            if (status is StatusCodes.Status401Unauthorized)
                yield return new ApiHeader(status, "WWW-Authenticate", JsonSchemaType.String, "Bearer.");
            else if (status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
                yield return new ApiHeader(
                    status,
                    "Retry-After",
                    JsonSchemaType.Integer,
                    "Seconds to wait: retry_after_ms, rounded up. Not there where the wait is not known.");
        }
    }

    private static void Attach(OpenApiOperation operation, ApiParameter parameter)
    {
        if (operation.Parameters?.FirstOrDefault(one => one.Name == parameter.Name) is not OpenApiParameter described)
            return;
        described.Description = parameter.Description;
        described.Schema = parameter.Schema();
    }

    private static void Attach(OpenApiOperation operation, ApiHeader header)
    {
        if (ResponseOf(operation, header.Status) is not OpenApiResponse response)
            return;
        response.Headers ??= new Dictionary<string, IOpenApiHeader>(StringComparer.Ordinal);
        response.Headers[header.Name] = new OpenApiHeader
        {
            Description = header.Description,
            Schema = new OpenApiSchema { Type = header.Type },
        };
    }

    private static void Attach(OpenApiOperation operation, ApiExample example)
    {
        var content = example.Status is { } status ? ResponseOf(operation, status)?.Content : operation.RequestBody?.Content;
        foreach (var media in content?.Values ?? [])
        {
            if (media is OpenApiMediaType writable)
                writable.Example = JsonNode.Parse(example.Json());
        }
    }

    private static IOpenApiResponse? ResponseOf(OpenApiOperation operation, int status) =>
        operation.Responses?.GetValueOrDefault(status.ToString(CultureInfo.InvariantCulture));
}
