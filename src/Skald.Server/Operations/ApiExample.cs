namespace Skald.Server.Operations;

/// <summary>An example for the OpenAPI document, attached to an endpoint as metadata.</summary>
/// <param name="Status">The response it belongs to; null for the request's body.</param>
/// <param name="Json">The body.</param>
internal sealed record ApiExample(int? Status, string Json);
