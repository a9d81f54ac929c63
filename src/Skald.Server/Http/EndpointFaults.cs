using Skald.Protocol;
using Skald.Server.Database;

namespace Skald.Server.Http;

/// <summary>What our endpoints throw is answered here, with a code, and logged: an application's own error page never sees it.</summary>
internal static partial class EndpointFaults
{
    private const int ClientClosedRequest = 499;

    private static readonly ChatError Fault = new(ErrorCode.ServerError, "Something failed here. Try again later.");

    public static void UseEndpointFaults(this IApplicationBuilder app)
    {
        var logger = app.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(EndpointFaults).FullName!);
        app.Use(async (context, next) =>
        {
            try
            {
                await next(context);
            }
            catch (Exception e) when (!context.Response.HasStarted)
            {
                context.Response.Clear();
                await AnswerAsync(context, e, logger);
            }
        });
    }

    private static Task AnswerAsync(HttpContext context, Exception fault, ILogger logger)
    {
        switch (fault)
        {
            case StorageException refused:
                return Problems.WriteAsync(context, refused.Error);
            case BadHttpRequestException { StatusCode: var status }:
                return Problems.WriteAsync(context, status);
            case OperationCanceledException or IOException when context.RequestAborted.IsCancellationRequested:
                context.Response.StatusCode = ClientClosedRequest;
                return Task.CompletedTask;
            default:
                Log.Fault(logger, (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText, fault);
                return Problems.WriteAsync(context, Fault);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(107, LogLevel.Error, "A request for {Route} ended by a fault of the server")]
        public static partial void Fault(ILogger logger, string? route, Exception cause);
    }
}
