using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Skald.Server.Limits;

/// <summary>
/// Holds the limits of a request at our own endpoints, whatever server they are called by and however it is configured. A web server
/// that holds them already (<see cref="WebServerLimits"/>) has answered before.
/// </summary>
internal sealed class RequestLimitsMiddleware(RequestDelegate next, IOptions<RequestLimits> limits, IOptions<KestrelServerOptions> kestrel)
{
    private readonly RequestLimits _limits = limits.Value;
    private readonly bool _headHolds =
        kestrel.Value.Limits.MaxRequestLineSize <= limits.Value.RequestLineBytes
        && kestrel.Value.Limits.MaxRequestHeadersTotalSize <= limits.Value.RequestHeaderBytes
        && kestrel.Value.Limits.MaxRequestHeaderCount <= limits.Value.RequestHeaders;

    public Task InvokeAsync(HttpContext context)
    {
        if (!_headHolds && StatusOfHead(context) is { } refused)
        {
            context.Response.StatusCode = refused;
            return Task.CompletedTask;
        }

        BoundBody(context);
        return next(context);
    }

    /// <remarks>
    /// After the answer Kestrel reads and drops what is left of a body, for 5 s at most, but nothing that is beyond its own bound: then it
    /// closes at once. The kernel answers what the client still writes with RST, and the client loses the answer that says why
    /// (RFC 9112, section 9.6). So a body that may be longer than it should is bounded here, and by Kestrel no more.
    /// </remarks>
    private void BoundBody(HttpContext context)
    {
        var request = context.Request;
        var declared = context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false } ? 0 : request.ContentLength;
        var mayBeLonger = declared is null || declared > _limits.RequestBodyBytes;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } kestrels)
            kestrels.MaxRequestBodySize = mayBeLonger ? null : _limits.RequestBodyBytes;
        if (mayBeLonger)
            request.Body = new BoundedBody(request.Body, declared, _limits.RequestBodyBytes);
    }

    /// <summary>Counts as Kestrel does: each line with the two bytes that end it.</summary>
    private int? StatusOfHead(HttpContext context)
    {
        var request = context.Request;
        var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget;
        if (request.Method.Length + (target?.Length ?? 0) + request.Protocol.Length + "  \r\n".Length > _limits.RequestLineBytes)
            return StatusCodes.Status414UriTooLong;
        var (count, bytes) = (0, 0);
        foreach (var (name, values) in request.Headers)
        {
            foreach (var value in values)
            {
                count++;
                bytes += name.Length + ": \r\n".Length + (value?.Length ?? 0);
            }
        }

        return count > _limits.RequestHeaders || bytes > _limits.RequestHeaderBytes
            ? StatusCodes.Status431RequestHeaderFieldsTooLarge
            : null;
    }
}
