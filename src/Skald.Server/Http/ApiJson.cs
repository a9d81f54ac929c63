using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Json;
using Skald.Protocol;

namespace Skald.Server.Http;

/// <summary>
/// The JSON of our own endpoints. The application around them has a contract of its own with its clients, in its <see cref="JsonOptions"/>:
/// neither changes the other.
/// </summary>
internal static class ApiJson
{
    public static JsonSerializerOptions Options { get; } = OurOptions();

    public static void Apply(JsonOptions options)
    {
        options.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.SerializerOptions.AllowDuplicateProperties = false;
        options.SerializerOptions.MaxDepth = ProtocolLimits.JsonDepth;
    }

    /// <summary>
    /// An endpoint's convention: what its handler returns is written by our options, a problem as <see cref="Problems"/> completes it.
    /// </summary>
    public static void WriteResults(EndpointBuilder endpoint)
    {
        // A handler that returns nothing has written its answer. A filter would cost it a boxed argument list for nothing.
        if (endpoint.Metadata.OfType<MethodInfo>().FirstOrDefault()?.ReturnType != typeof(Task))
            endpoint.FilterFactories.Add(static (_, next) => async context => Ours(await next(context)));
    }

    private static object? Ours(object? result) => result switch
    {
        INestedHttpResult { Result: var chosen } => Ours(chosen),
        ProblemHttpResult problem => new Problem(problem),
        IValueHttpResult { Value: { } value } and IStatusCodeHttpResult { StatusCode: var status } =>
            TypedResults.Json(value, Options, statusCode: status),
        _ => result,
    };

    private static JsonSerializerOptions OurOptions()
    {
        var options = new JsonOptions();
        Apply(options);
        return options.SerializerOptions;
    }

    private sealed class Problem(ProblemHttpResult problem) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => Problems.WriteAsync(httpContext, problem);
    }
}
