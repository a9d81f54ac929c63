using Skald.Server.Operations;

namespace Skald.Server.Http;

/// <summary><c>/healthz</c>: the process answers. <c>/readyz</c>: it should be sent traffic. Neither tells a version or a path.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/healthz", () => TypedResults.Ok(new HealthReport("ok")))
            .Describes("Operations", "getHealth", "Is the process alive?").Gives(StatusCodes.Status200OK, """{"status":"ok"}""")
            .Produces(StatusCodes.Status431RequestHeaderFieldsTooLarge);

        endpoints.MapGet("/readyz", (Readiness readiness) =>
                readiness.NotReadyBecause is { } reason
                    ? TypedResults.Json(new HealthReport(reason), statusCode: StatusCodes.Status503ServiceUnavailable)
                    : Results.Ok(new HealthReport(readiness.Word)))
            .Produces<HealthReport>().Produces<HealthReport>(StatusCodes.Status503ServiceUnavailable)
            .Describes("Operations", "getReadiness", "Should this node be sent traffic?")
            .Gives(StatusCodes.Status200OK, """{"status":"ready"}""")
            .Gives(StatusCodes.Status503ServiceUnavailable, """{"status":"draining"}""")
            .Produces(StatusCodes.Status431RequestHeaderFieldsTooLarge);
    }
}

/// <param name="Status">A word: <c>ok</c>; <c>ready</c>, <c>storage_full</c> (all but storing), or why not.</param>
internal sealed record HealthReport(string Status);
