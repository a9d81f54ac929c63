using Microsoft.OpenApi;
using Skald.Protocol;

namespace Skald.Server.Http;

/// <summary>
/// How an endpoint declares whom it serves, its name and its answers for the OpenAPI document: each status with an example.
/// </summary>
internal static class EndpointDocs
{
    /// <summary>Where the endpoint stands in the document, what its method is called in generated clients, and what it is for.</summary>
    public static RouteHandlerBuilder Describes(this RouteHandlerBuilder endpoint, string tag, string operationId, string summary) =>
        endpoint.WithTags(tag).WithMetadata(new OperationId(operationId)).WithSummary(summary);

    /// <summary>The bodies it takes.</summary>
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder endpoint, string example, bool forms = false)
        where T : notnull =>
        endpoint.Accepts<T>("application/json", forms ? ["application/x-www-form-urlencoded", "multipart/form-data"] : [])
            .WithMetadata(new ApiExample(null, example));

    /// <summary>The room of its address.</summary>
    public static RouteHandlerBuilder TakesRoom(this RouteHandlerBuilder endpoint) =>
        endpoint.WithMetadata(new ApiParameter(
            "room",
            "The room's name: 1–100 letters, digits, hyphens or underscores; or p. and 16 letters and digits, of a private one.",
            () => new OpenApiSchema
            {
                Type = JsonSchemaType.String,
                Pattern = RoomName.Pattern,
                Examples = [RoomName.Global],
            }));

    /// <summary>A text of its address that need not be there, which the handler reads by itself.</summary>
    public static RouteHandlerBuilder TakesText(this RouteHandlerBuilder endpoint, string name, string description) =>
        endpoint.WithMetadata(new ApiParameter(name, description, () => new OpenApiSchema { Type = JsonSchemaType.String }));

    /// <summary>A number of its address, which the handler reads by itself.</summary>
    public static RouteHandlerBuilder TakesNumber(
        this RouteHandlerBuilder endpoint, string name, long least, long most, string description, long? absent = null) =>
        endpoint.WithMetadata(new ApiParameter(name, description, () => new OpenApiSchema
        {
            Type = JsonSchemaType.Integer,
            Format = most > int.MaxValue ? "int64" : "int32",
            Minimum = $"{least}",
            Maximum = most == long.MaxValue ? null : $"{most}",
            Default = absent,
        }));

    /// <summary>A success, whose shape the handler's return type tells.</summary>
    public static RouteHandlerBuilder Gives(this RouteHandlerBuilder endpoint, int status, string example) =>
        endpoint.WithMetadata(new ApiExample(status, example));

    /// <summary>The refusals it may answer with, one a status.</summary>
    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder endpoint, params ReadOnlySpan<ChatError> examples)
    {
        foreach (var error in examples)
            endpoint.Produces<Problem>(error.Code.Status, "application/problem+json").WithMetadata(ApiExample.Of(error));
        return endpoint;
    }

    /// <summary>Refuses requests without a valid access token.</summary>
    public static RouteHandlerBuilder ForUsers(this RouteHandlerBuilder endpoint) =>
        endpoint.WithMetadata(UsersOnly.Mark).Refuses(Problems.NotAuthenticated, StorageFailed);

    /// <summary>An example of a body that is not as it must be.</summary>
    public static ChatError BadRequest { get; } = new(ErrorCode.BadRequest, "\"users\" must be an array of at most 100 strings.");

    /// <summary>An example of a user who does too much.</summary>
    public static ChatError TooFast { get; } = new(ErrorCode.RateLimited, "You send too many messages; wait 50 ms.")
    {
        RetryAfter = TimeSpan.FromMilliseconds(50),
    };

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
