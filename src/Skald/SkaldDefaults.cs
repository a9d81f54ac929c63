using Microsoft.Extensions.Configuration.Memory;
using Skald.Server.Operations;

namespace Skald;

/// <summary>The settings of the server on its own, under every other source: they hold unless another source sets them.</summary>
internal static class SkaldDefaults
{
    /// <summary>
    /// Settings are read once, at start: nothing here follows a change, and a watcher on the working directory wakes at each write to a
    /// database below it.
    /// </summary>
    public const string NoReload = "--hostBuilder:reloadConfigOnChange=false";

    public const string Urls = "http://127.0.0.1:8000";

    /// <summary>The port that OpenTelemetry gives to Prometheus.</summary>
    public const string MetricsListen = "http://127.0.0.1:9464";

    /// <summary>Puts them under what is set already.</summary>
    public static void AddSkaldDefaults(this WebApplicationBuilder builder)
    {
        var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase)
        {
            ["AllowedHosts"] = "*",
            ["Logging:LogLevel:Default"] = "Information",
            ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
            // A refusal to start is said once, in a sentence, and not with a stack trace besides.
            ["Logging:LogLevel:Microsoft.Extensions.Hosting.Internal.Host"] = "Critical",
        };
        if (!ListensSomewhere(builder.Configuration))
            settings[WebHostDefaults.ServerUrlsKey] = Urls;
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = settings });
        builder.Services.PostConfigure<MetricsOptions>(metrics =>
        {
            metrics.IsDefault = metrics.Listen is null;
            metrics.Listen ??= MetricsListen;
        });
        builder.Services.Configure<ConsoleLifetimeOptions>(console => console.SuppressStatusMessages = true);
        builder.Services.AddHostedService<StartLine>();
    }

    /// <summary>
    /// Whether addresses are set in one of the platform's ways: <c>Urls</c> would win over ports, and Kestrel's endpoints over
    /// <c>Urls</c>, with a warning.
    /// </summary>
    private static bool ListensSomewhere(ConfigurationManager configuration) =>
        !string.IsNullOrEmpty(configuration[WebHostDefaults.ServerUrlsKey])
        || !string.IsNullOrEmpty(configuration[WebHostDefaults.HttpPortsKey])
        || !string.IsNullOrEmpty(configuration[WebHostDefaults.HttpsPortsKey])
        || configuration.GetSection("Kestrel:Endpoints").GetChildren().Any();
}
