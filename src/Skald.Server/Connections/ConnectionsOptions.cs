namespace Skald.Server.Connections;

/// <summary>The section <c>Connections</c>.</summary>
public sealed class ConnectionsOptions
{
    /// <summary>Web origins, as <c>https://app.example</c>, whose pages may open a socket besides this server's own. Exact match; there is no wildcard.</summary>
    public IList<string> AllowedOrigins { get; } = [];

    /// <summary>Whether sockets without TLS are read and written directly, on Linux (see docs/decisions/). Off, and elsewhere: through the web server's stream, at two to three times the cost.</summary>
    public bool DirectSocket { get; set; } = true;

    /// <summary>How long a drain may take before what is left is cut off.</summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Clients of a draining node are told to come back at moments spread over this time.</summary>
    public TimeSpan DrainSpread { get; set; } = TimeSpan.FromSeconds(5);
}
