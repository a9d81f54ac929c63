using System.ComponentModel.DataAnnotations;
using System.Net;
using Skald.Server.Settings;

namespace Skald.Server.Http;

/// <summary>The setting <c>TrustedProxies</c>.</summary>
public sealed class ProxyOptions : IValidatableObject
{
    internal const string Setting = "TrustedProxies";

    /// <summary>
    /// Addresses or networks (<c>10.0.0.0/8</c>) of the proxies in front of it, whose <c>X-Forwarded-For</c> and
    /// <c>X-Forwarded-Proto</c> are believed. None by default: then limits by address count the peer of the connection.
    /// </summary>
    [Setting(Setting)]
    public IList<string> Trusted { get; } = [];

    /// <summary>Whether a network in it is the whole of IPv4 or IPv6.</summary>
    internal bool TrustsEverybody =>
        Trusted.Any(proxy => System.Net.IPNetwork.TryParse(proxy, out var network) && network.PrefixLength == 0);

    /// <summary>Whether an address is that of a proxy in it.</summary>
    internal bool Trusts(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return Trusted.Any(proxy => IPAddress.TryParse(proxy, out var known)
            ? known.Equals(address)
            : System.Net.IPNetwork.TryParse(proxy, out var network) && network.Contains(address));
    }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        Trusted.Where(proxy => !IPAddress.TryParse(proxy, out _) && !System.Net.IPNetwork.TryParse(proxy, out _))
            .Select(proxy => new ValidationResult($"{Setting} holds \"{proxy}\", which is neither an address nor a network. Write addresses such as 127.0.0.1 or networks such as 10.0.0.0/8, separated by commas."));
}
