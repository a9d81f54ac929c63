namespace Skald.Server.Operations;

/// <summary>The section <c>Metrics</c>.</summary>
public sealed class MetricsOptions
{
    /// <summary>
    /// Where <c>/metrics</c> and a <c>/healthz</c> with details are served, apart from the public addresses:
    /// <c>http://ADDRESS:PORT</c>, with port 0 for a free one. Empty is off, and so is the default in an application that hosts Skald.
    /// </summary>
    public string? Listen { get; set; }

    /// <summary>Whether the address is the default: then one that is taken is no reason not to start.</summary>
    internal bool IsDefault { get; set; }
}
