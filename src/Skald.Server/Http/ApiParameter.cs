using Microsoft.OpenApi;

namespace Skald.Server.Http;

/// <summary>
/// Describes a parameter for the OpenAPI document, as metadata of its endpoint: a handler takes the text as it came, so that it answers
/// a bad one by its own code, and the document tells clients the type.
/// </summary>
/// <param name="Name">As in the address.</param>
/// <param name="Description">For who calls it: unit, and what is taken where it is not given.</param>
/// <param name="Schema">Makes the type: a schema belongs to one document.</param>
internal sealed record ApiParameter(string Name, string Description, Func<OpenApiSchema> Schema);
