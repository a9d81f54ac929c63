using System.Globalization;
using System.Net;

namespace Skald.Server.Operations;

/// <summary>An address that a web server listens on.</summary>
internal static class ListenAddress
{
    private const string Default = "http://127.0.0.1:8000";

    /// <summary>Whether other machines can reach it.</summary>
    public static bool IsOpen(BindingAddress address) =>
        !address.IsUnixPipe && !address.IsNamedPipe
        && !string.Equals(address.Host, "localhost", StringComparison.OrdinalIgnoreCase)
        && !(IPAddress.TryParse(address.Host, out var ip) && IPAddress.IsLoopback(ip));

    /// <summary>
    /// What is wrong with the addresses that are set, in a sentence each: asked when Kestrel did not start, whose own message names
    /// neither setting nor remedy.
    /// </summary>
    public static IEnumerable<string> Faults(IConfiguration configuration)
    {
        var certificate = configuration.GetSection("Kestrel:Certificates:Default").Exists();
        var urls = Split(configuration[WebHostDefaults.ServerUrlsKey]).Select(url => (Setting: "Urls", Url: url, Certificate: certificate));
        var ports = new[] { (Key: WebHostDefaults.HttpPortsKey, Scheme: "http"), (Key: WebHostDefaults.HttpsPortsKey, Scheme: "https") }
            .SelectMany(list => Split(configuration[list.Key])
                .Select(port => (Setting: list.Key.ToUpperInvariant(), Url: $"{list.Scheme}://*:{port}",
                    Certificate: certificate)));
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren()
            .Select(endpoint => (Setting: $"{endpoint.Path}:Url", Url: endpoint["Url"] ?? "",
                Certificate: certificate || endpoint.GetSection("Certificate").Exists()));
        return urls.Concat(ports).Concat(endpoints).Select(address => Fault(address.Setting, address.Url, address.Certificate))
            .OfType<string>();

        static string[] Split(string? list) =>
            list?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
    }

    private static string? Fault(string setting, string url, bool certificate)
    {
        var example = int.TryParse(url, NumberStyles.None, CultureInfo.InvariantCulture, out var alone)
            && alone is > 0 and <= ushort.MaxValue
            ? $"http://127.0.0.1:{alone}"
            : Default;
        if (!TryParse(url, out var address))
            return $"{setting} holds \"{url}\", which is no address. Write http://ADDRESS:PORT, such as {example}.";
        if (address.Scheme is not ("http" or "https"))
            return $"{setting} holds \"{url}\", which begins with neither http:// nor https://. Write {Default}, for example.";
        if (address.IsUnixPipe || address.IsNamedPipe)
            return null;
        if (address.Port > ushort.MaxValue)
            return $"{setting} holds \"{url}\", whose port does not exist. Write one up to {ushort.MaxValue}, such as {Default}.";
        if (address.PathBase.Length > 0)
            return $"{setting} holds \"{url}\", but a web server listens on all paths. Write {address.Scheme}://{address.Host}:{address.Port}.";
        if (address.Port == 0 && address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
            return $"{setting} holds \"{url}\", but localhost is two addresses, which cannot share a port that is not known yet. Write {address.Scheme}://127.0.0.1:0.";
        if (address.Scheme == "https" && !certificate)
            return $"{setting} holds \"{url}\", and TLS needs a certificate. Name it with Kestrel:Certificates:Default:Path and :KeyPath (or :Password), or write http:// and let a proxy do TLS.";
        return null;
    }

    private static bool TryParse(string url, out BindingAddress address)
    {
        try
        {
            address = BindingAddress.Parse(url);
            return true;
        }
        catch (FormatException)
        {
            address = null!;
            return false;
        }
    }
}
