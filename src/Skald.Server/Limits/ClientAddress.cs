using System.Net;
using System.Net.Sockets;

namespace Skald.Server.Limits;

/// <summary>The address that limits are counted by.</summary>
internal static class ClientAddress
{
    /// <returns>An IPv4 address, or an IPv6 /64, which is what one household or attacker holds.</returns>
    /// <remarks>
    /// The socket's own peer, unless forwarded headers of a trusted proxy were applied before (setting <c>TrustedProxies</c>).
    /// </remarks>
    public static string Of(HttpContext context) => context.Connection.RemoteIpAddress is { } address ? Of(address) : "";

    /// <inheritdoc cref="Of(HttpContext)"/>
    public static string Of(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address.ToString();

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes) + "/64";
    }
}
