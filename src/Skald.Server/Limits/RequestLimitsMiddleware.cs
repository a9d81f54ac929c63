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

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = _limits.RequestBodyBytes;
        else
            context.Request.Body = new BoundedBody(context.Request.Body, _limits.RequestBodyBytes);
        return next(context);
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
