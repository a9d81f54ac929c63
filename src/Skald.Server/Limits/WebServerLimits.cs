using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Skald.Server.Limits;

/// <summary>What Kestrel accepts before any of our code runs.</summary>
internal static class WebServerLimits
{
    public static void Apply(KestrelServerOptions kestrel)
    {
        var limits = kestrel.ApplicationServices.GetRequiredService<IOptions<RequestLimits>>().Value;
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = OpenFiles.ForRequests;   // those that are no sockets yet, or never
        kestrel.Limits.MaxRequestHeadersTotalSize = limits.RequestHeaderBytes;
        kestrel.Limits.MaxRequestHeaderCount = limits.RequestHeaders;
        kestrel.Limits.MaxRequestLineSize = limits.RequestLineBytes;
        kestrel.Limits.MaxRequestBodySize = limits.RequestBodyBytes;
        kestrel.Limits.RequestHeadersTimeout = limits.RequestHeaderTime;
        kestrel.Limits.KeepAliveTimeout = limits.RequestIdleTime;
    }
}
