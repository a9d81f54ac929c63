using Microsoft.Extensions.Configuration.Memory;

namespace Skald;

/// <summary>The settings of the server on its own, under every other source: they hold until somebody says otherwise.</summary>
internal static class SkaldDefaults
{
    /// <summary>
    /// Settings are read once, at start: nothing here follows a change, and a watcher on the working directory wakes at each write to a
    /// database below it.
    /// </summary>
    public const string NoReload = "--hostBuilder:reloadConfigOnChange=false";

    public static MemoryConfigurationSource Settings { get; } = new()
    {
        InitialData = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase)
        {
            ["Urls"] = "http://127.0.0.1:8000",
            ["AllowedHosts"] = "*",
            ["Metrics:Listen"] = "http://127.0.0.1:9464",   // the port that OpenTelemetry gives to Prometheus
            ["Logging:LogLevel:Default"] = "Information",
            ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
            // A refusal to start is said once, in a sentence, and not with a stack trace besides.
            ["Logging:LogLevel:Microsoft.Extensions.Hosting.Internal.Host"] = "Critical",
        },
    };
}
