using Skald.Server.Accounts;
using Skald.Server.Cluster;
using Skald.Server.Commands;
using Skald.Server.Connections;
using Skald.Server.Conversation.Messages;
using Skald.Server.Database;
using Skald.Server.Delivery;
using Skald.Server.History;
using Skald.Server.Http;
using Skald.Server.Identity;
using Skald.Server.Limits;
using Skald.Server.Operations;
using Skald.Server.Rooms;
using Skald.Server.Settings;
using Skald.Server.Transport;

namespace Skald;

/// <summary>
/// Every setting there is: the server's own, and those that its platform understands. Whatever else is written was meant to be one of
/// them.
/// </summary>
internal static class KnownSettings
{
    /// <summary>The classes that hold the server's own, in the order of docs/operations.md.</summary>
    public static readonly IReadOnlyList<Type> Classes =
    [
        typeof(DataOptions), typeof(StorageOptions), typeof(ClusterOptions), typeof(ProxyOptions), typeof(IdentityOptions),
        typeof(AccountsOptions), typeof(ConnectionsOptions), typeof(MetricsOptions), typeof(RoomsOptions),
        typeof(LimitsOptions), typeof(WireLimits), typeof(ConnectionLimits), typeof(IdentityLimits), typeof(LogLimits), typeof(RoomLimits),
        typeof(DeliveryLimits), typeof(HistoryLimits), typeof(AccountLimits), typeof(TransportLimits), typeof(RequestLimits),
    ];

    public static readonly IReadOnlyList<Setting> Own = [.. Classes.SelectMany(Setting.Of)];

    /// <summary>Of ASP.NET Core, single ones.</summary>
    private static readonly string[] Platform =
    [
        "urls", "http_ports", "https_ports", "environment", "contentRoot", "webRoot", "applicationName", "allowedHosts",
        "shutdownTimeoutSeconds",
        "detailedErrors", "captureStartupErrors", "preferHostingUrls", "suppressStatusMessages", "forwardedHeaders_enabled",
        "startupAssembly",
        "hostingStartupAssemblies", "hostingStartupExcludeAssemblies", "preventHostingStartup",
    ];

    private static readonly string[] PlatformSections = ["Logging", "Kestrel", "HostBuilder"];

    /// <summary>How other programs call what is meant by these.</summary>
    private static readonly (string[] Names, string Meant)[] Elsewhere =
    [
        (["port", "p", "host", "bind", "listen", "address", "addr", "url"], $"--urls {SkaldDefaults.Urls}"),
        (["d", "dir", "data-dir", "datadir", "db", "database"], "--data DIR"),
        (["v", "verbose", "debug", "log", "log-level", "loglevel"], "--Logging:LogLevel:Default Debug"),
        (["metrics", "metrics-port"], $"--Metrics:Listen {SkaldDefaults.MetricsListen}"),
        (["c", "config", "settings"], "a file appsettings.json in the working directory"),
        (["h", "?", "usage"], "--help"),
    ];

    private static readonly string[] OwnSections =
        [.. Own.Where(setting => setting.IsInSection).Select(setting => setting.Key.Split(':')[0]).Distinct(StringComparer.Ordinal)];

    private static readonly string[] Singles = [.. Own.Where(setting => !setting.IsInSection).Select(setting => setting.Key)];

    /// <summary>Whether there is a setting by this name; what is in a section of the server's own is judged where it is read.</summary>
    public static bool Has(string key)
    {
        var section = key.Split(':')[0];
        return Own.Any(setting => setting.Key.Equals(section, StringComparison.OrdinalIgnoreCase))
            || OwnSections.Contains(section, StringComparer.OrdinalIgnoreCase)
            || Platform.Contains(key, StringComparer.OrdinalIgnoreCase)
            || PlatformSections.Contains(section, StringComparer.OrdinalIgnoreCase)
            || key.StartsWith("OTEL_", StringComparison.OrdinalIgnoreCase);
    }

    /// <returns>A sentence that names what may have been meant by a name that is no setting.</returns>
    public static string Hint(string name) =>
        Array.Find(Elsewhere, other => other.Names.Contains(name, StringComparer.OrdinalIgnoreCase)).Meant is { } meant
            ? $"Did you mean {meant}?"
            : NearestName.Hint(name, [.. Own.Select(setting => setting.Key), .. Platform], prefix: "--");

    /// <summary>
    /// Looks through files and environment for a section or a long name that is almost one of the server's own. The environment is full
    /// of what is others'.
    /// </summary>
    /// <exception cref="StartupRefusedException">There is one.</exception>
    public static void Check(IConfiguration configuration)
    {
        foreach (var written in configuration.GetChildren())
        {
            // A single name of few letters may be anybody's: DATE is not Data.
            var known = written.GetChildren().Any() ? OwnSections : written.Key.Length < 8 ? [] : Singles;
            if (!Has(written.Key) && NearestName.Of(written.Key, known, atMost: written.Key.Length < 8 ? 1 : 3) is { } meant)
                throw new StartupRefusedException($"{written.Key} is no setting. Did you mean {meant}?");
        }

        if (configuration.GetSection(DataOptions.Setting).GetChildren().FirstOrDefault() is { } nested)
            throw new StartupRefusedException(
                $"{nested.Path} is no setting: {DataOptions.Setting} is one value, a directory. Write {DataOptions.Setting}.");
    }
}
