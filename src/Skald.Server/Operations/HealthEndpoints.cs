namespace Skald.Server.Operations;

/// <summary><c>/healthz</c>: the process answers. <c>/readyz</c>: it should be sent traffic. Neither tells a version or a path.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/healthz", () => TypedResults.Ok(new HealthReport("ok")))
            .WithTags("Operations").WithSummary("Is the process alive?").WithMetadata(new ApiExample(200, """{"status":"ok"}"""));

        endpoints.MapGet("/readyz", (Readiness readiness) =>
                readiness.NotReadyBecause is { } reason
                    ? TypedResults.Json(new HealthReport(reason), statusCode: StatusCodes.Status503ServiceUnavailable)
                    : Results.Ok(new HealthReport("ready")))
            .Produces<HealthReport>().Produces<HealthReport>(StatusCodes.Status503ServiceUnavailable)
            .WithTags("Operations").WithSummary("Should this node be sent traffic?")
            .WithMetadata(new ApiExample(200, """{"status":"ready"}"""), new ApiExample(503, """{"status":"draining"}"""));
    }
}

/// <param name="Status">A word: <c>ok</c>, <c>ready</c>, or why not.</param>
internal sealed record HealthReport(string Status);
