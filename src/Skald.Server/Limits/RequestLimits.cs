using System.ComponentModel.DataAnnotations;

namespace Skald.Server.Limits;

/// <summary>Limits of one request, whatever it asks for.</summary>
public sealed class RequestLimits
{
    /// <summary>All headers of one request together, in bytes.</summary>
    [Range(1024, 1_000_000)]
    [Beyond("431")]
    public int RequestHeaderBytes { get; set; } = 16 * 1024;

    /// <summary>Headers of one request.</summary>
    [Range(10, 10_000)]
    [Beyond("431")]
    public int RequestHeaders { get; set; } = 50;

    /// <summary>First line of one request, in bytes; a token in <c>?token=</c> may be as long as <c>TokenBytes</c>.</summary>
    [Range(1024, 1_000_000)]
    [Beyond("414")]
    public int RequestLineBytes { get; set; } = 8 * 1024;

    /// <summary>Body of one request, in bytes.</summary>
    [Range(1024, 100_000_000)]
    [Beyond("payload_too_large")]
    public int RequestBodyBytes { get; set; } = 64 * 1024;

    /// <summary>Time for the headers of one request to come, once they began.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    [Beyond("408")]
    public TimeSpan RequestHeaderTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Time that a connection may wait for its next request. Longer than the 60 s for which load balancers commonly keep one: else they
    /// send a request into a connection that ends at that moment.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    [Beyond(BeyondAttribute.Cut)]
    public TimeSpan RequestIdleTime { get; set; } = TimeSpan.FromSeconds(90);
}
