using System.Net;
using Microsoft.AspNetCore.HttpOverrides;

namespace Skald.Server.Operations;

/// <summary>The setting <c>TrustedProxies</c>: addresses or networks whose <c>X-Forwarded-For</c> and <c>-Proto</c> are believed. None by default.</summary>
internal static class TrustedProxies
{
    public const string Setting = "TrustedProxies";

    public static bool AreSet(IConfiguration configuration) => configuration.GetSection(Setting).GetChildren().Any();

    /// <summary>Whether a network in it is the whole of IPv4 or IPv6.</summary>
    public static bool TrustEverybody(IConfiguration configuration) =>
        Array.Exists(configuration.GetSection(Setting).Get<string[]>() ?? [], proxy => System.Net.IPNetwork.TryParse(proxy, out var network) && network.PrefixLength == 0);

    public static void UseTrustedProxies(this IApplicationBuilder app, IConfiguration configuration)
    {
        if (!AreSet(configuration))
            return;
        var proxies = configuration.GetSection(Setting).Get<string[]>()!;
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto, ForwardLimit = null };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var proxy in proxies)
        {
            if (IPAddress.TryParse(proxy, out var address))
                options.KnownProxies.Add(address);
            else if (System.Net.IPNetwork.TryParse(proxy, out var network))
                options.KnownIPNetworks.Add(network);
            else
                throw new StartupRefusedException($"{Setting} holds \"{proxy}\", which is neither an address nor a network such as 10.0.0.0/8. Correct it.");
        }

        app.UseForwardedHeaders(options);
    }
}
