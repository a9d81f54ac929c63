namespace Skald.Server.Operations;

/// <summary>An example for the OpenAPI document, attached to an endpoint as metadata.</summary>
/// <param name="Status">The response it belongs to; null for the request's body.</param>
/// <param name="Json">Writes the body: only who asks for the document needs it, and a start should not wait for it.</param>
internal sealed record ApiExample(int? Status, Func<string> Json)
{
    public ApiExample(int? status, string json)
        : this(status, () => json)
    {
    }
}
