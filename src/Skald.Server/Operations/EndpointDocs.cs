using System.Text.Json;
using Skald.Protocol;

namespace Skald.Server.Operations;

/// <summary>How an endpoint declares whom it serves, and its answers for the OpenAPI document: each status with an example.</summary>
internal static class EndpointDocs
{
    /// <summary>The bodies it takes.</summary>
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder endpoint, string example, bool forms = false)
        where T : notnull =>
        endpoint.Accepts<T>("application/json", forms ? ["application/x-www-form-urlencoded", "multipart/form-data"] : [])
            .WithMetadata(new ApiExample(null, example));

    /// <summary>A success, whose shape the handler's return type tells.</summary>
    public static RouteHandlerBuilder Gives(this RouteHandlerBuilder endpoint, int status, string example) =>
        endpoint.WithMetadata(new ApiExample(status, example));

    /// <summary>The refusals it may answer with, one a status.</summary>
    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder endpoint, params ReadOnlySpan<ChatError> examples)
    {
        foreach (var error in examples)
        {
            endpoint.ProducesProblem(error.Code.Status)
                .WithMetadata(new ApiExample(error.Code.Status, () => JsonSerializer.Serialize(Problems.Details(error), JsonSerializerOptions.Web)));
        }

        return endpoint;
    }

    /// <summary>Refuses whoever sends no valid access token.</summary>
    public static RouteHandlerBuilder ForUsers(this RouteHandlerBuilder endpoint) =>
        endpoint.WithMetadata(UsersOnly.Mark).Refuses(Problems.NotAuthenticated, StorageFailed);

    public static ChatError StorageFailed { get; } = new(ErrorCode.StorageFailed, "The disk refused; nothing was changed.");

    /// <summary>An example of a refused field.</summary>
    public static ChatError Invalid(string field, string problem) => new(ErrorCode.ValidationFailed, $"Check {field}: see errors.")
    {
        Errors = new Dictionary<string, string[]>(StringComparer.Ordinal) { [field] = [problem] },
    };
}

/// <summary>Marks an endpoint that only users may call.</summary>
internal sealed class UsersOnly
{
    public static readonly UsersOnly Mark = new();

    private UsersOnly()
    {
    }
}
