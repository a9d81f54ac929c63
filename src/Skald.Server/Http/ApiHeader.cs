using Microsoft.OpenApi;

namespace Skald.Server.Http;

/// <summary>A header of an answer, for the OpenAPI document, attached to an endpoint as metadata.</summary>
internal sealed record ApiHeader(int Status, string Name, JsonSchemaType Type, string Description);
