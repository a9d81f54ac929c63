using System.Text.Json;
using Skald.Protocol;

namespace Skald.Server.Http;

/// <summary>An example for the OpenAPI document, attached to an endpoint as metadata.</summary>
/// <param name="Status">The response it belongs to; null for the request's body.</param>
/// <param name="Json">Writes the body: only who asks for the document needs it, and a start should not wait for it.</param>
internal sealed record ApiExample(int? Status, Func<string> Json)
{
    public ApiExample(int? status, string json)
        : this(status, () => json)
    {
    }

    /// <summary>The refusal as it is sent.</summary>
    public static ApiExample Of(ChatError error) => new(error.Code.Status, () =>
    {
        var problem = error.ToProblem().ProblemDetails;
        problem.Type = null;
        return JsonSerializer.Serialize(problem, JsonSerializerOptions.Web);
    });
}
