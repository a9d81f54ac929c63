using System.ComponentModel.DataAnnotations;
using Skald.Server.Limits;

namespace Skald.Server.Transport;

/// <summary>Limits of accepted connections.</summary>
public sealed class TransportLimits
{
    /// <summary>
    /// Connections from one address (IPv6: one /64) that are no sockets yet, or never; over TLS sockets count too. For one more, the
    /// one that was silent longest is ended. Trusted proxies may have any number.
    /// </summary>
    [Range(0, int.MaxValue)]
    [OffAtZero]
    [Beyond(BeyondAttribute.Cut)]
    public int RequestConnectionsPerAddress { get; set; } = 200;
}
