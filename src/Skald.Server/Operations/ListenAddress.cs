using System.Net;

namespace Skald.Server.Operations;

/// <summary>An address that a web server listens on.</summary>
internal static class ListenAddress
{
    /// <summary>Whether other machines can reach it.</summary>
    public static bool IsOpen(BindingAddress address) =>
        !address.IsUnixPipe && !address.IsNamedPipe
        && !string.Equals(address.Host, "localhost", StringComparison.OrdinalIgnoreCase)
        && !(IPAddress.TryParse(address.Host, out var ip) && IPAddress.IsLoopback(ip));
}
