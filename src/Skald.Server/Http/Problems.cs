using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Skald.Protocol;

namespace Skald.Server.Http;

/// <summary>Errors over HTTP: RFC 9457 problem details with a stable <c>code</c> and a sentence that says what to change.</summary>
internal static class Problems
{
    /// <summary>What a request without a credential is answered.</summary>
    public static ChatError NotAuthenticated { get; } = new(ErrorCode.NotAuthenticated, "Send Authorization: Bearer with an access token.");

    /// <summary>The answer to a body over Kestrel's size limit.</summary>
    public static ChatError TooLarge { get; } = new(ErrorCode.PayloadTooLarge, "The body is larger than this server takes.");

    /// <summary>The answer to a body that Kestrel gave up reading: it is too large, or does not end as its headers say.</summary>
    public static ChatError Unreadable(IOException e) => e is BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }
        ? TooLarge
        : new ChatError(ErrorCode.Malformed, "The body does not come as its headers say.");

    /// <summary>What a body of another media type is answered.</summary>
    public static ChatError WrongType { get; } = new(ErrorCode.UnsupportedMediaType, "Send application/json.");

    public static ProblemHttpResult ToProblem(this ChatError error) => TypedResults.Problem(Details(error));

    /// <summary>Answers with the error, from middleware.</summary>
    public static Task WriteAsync(HttpContext context, ChatError error) => WriteAsync(context, error.ToProblem());

    /// <summary>
    /// Answers with the problem by our own JSON: how an application around us words its problems is not ours to change, nor to follow.
    /// </summary>
    public static Task WriteAsync(HttpContext context, ProblemHttpResult problem)
    {
        context.Response.StatusCode = problem.StatusCode;
        Complete(context.Response, problem.ProblemDetails);
        return context.Response.WriteAsJsonAsync(problem.ProblemDetails, ApiJson.Options, problem.ContentType, context.RequestAborted);
    }

    /// <summary>Answers with a bare status, in our words where we have some for it.</summary>
    public static Task WriteAsync(HttpContext context, int status) =>
        WriteAsync(context, TypedResults.Problem(new ProblemDetails { Status = status }));

    public static ProblemDetails Details(ChatError error)
    {
        var problem = new ProblemDetails { Status = error.Code.Status, Detail = error.Detail };
        problem.Extensions["code"] = error.Code.Name;
        if (error.Room is not null)
            problem.Extensions["room"] = error.Room;
        if (error.RetryAfter is { } wait)
            problem.Extensions["retry_after_ms"] = (long)Math.Ceiling(wait.TotalMilliseconds);
        if (error.Now is not null)
            problem.Extensions["now"] = JsonSerializer.Deserialize<JsonElement>(error.Now);
        if (error.Errors is not null)
            problem.Extensions["errors"] = error.Errors;
        return problem;
    }

    /// <summary>
    /// Completes every problem on its way out, ours and the framework's: headers that follow from the body, and a code for bare
    /// statuses.
    /// </summary>
    public static void Complete(ProblemDetailsContext context) => Complete(context.HttpContext.Response, context.ProblemDetails);

    private static void Complete(HttpResponse response, ProblemDetails problem)
    {
        problem.Type = null;
        problem.Extensions.Remove("trace_id");   // two refusals that must not be told apart are equal to the byte
        if (!problem.Extensions.ContainsKey("code") && ForStatus(problem.Status ?? response.StatusCode) is { } error)
        {
            problem.Extensions["code"] = error.Code.Name;
            problem.Detail = error.Detail;
        }

        if (problem.Extensions.TryGetValue("retry_after_ms", out var wait) && wait is long milliseconds)
            response.Headers.RetryAfter = ((milliseconds + 999) / 1000).ToString(CultureInfo.InvariantCulture);
        if (problem.Status == StatusCodes.Status401Unauthorized)
            response.Headers.WWWAuthenticate = "Bearer";
    }

    /// <summary>What the framework refused by itself, in our words.</summary>
    private static ChatError? ForStatus(int status) => status switch
    {
        400 => new(ErrorCode.Malformed, "The request cannot be read: check its JSON and its fields."),
        401 => NotAuthenticated,
        403 => new(ErrorCode.Forbidden, "This is not allowed."),
        404 => new(ErrorCode.NotFound, "There is nothing at this address."),
        405 => new(ErrorCode.MethodNotAllowed, "This address knows other methods: see the Allow header."),
        413 => TooLarge,
        415 => WrongType,
        >= 500 => new(ErrorCode.ServerError, "Something failed here. Try again later."),
        _ => null,
    };
}
