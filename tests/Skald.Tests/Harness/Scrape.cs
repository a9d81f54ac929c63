using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Skald.Server.Operations;

namespace Skald.Tests.Harness;

/// <summary>The operator's port, asked as Prometheus does. The server must have been started with <see cref="On"/>.</summary>
internal static class Scrape
{
    /// <summary>The setting that opens it, on a free port.</summary>
    public static readonly (string Key, string Value) On = ("Metrics:Listen", "http://127.0.0.1:0");

    public static Uri OperatorAddress(this SkaldServer server) => server.Services.GetRequiredService<MetricsListener>().Address!;

    public static Task<string> MetricsTextAsync(this SkaldServer server) =>
        server.Http.GetStringAsync(new Uri(server.OperatorAddress(), "/metrics"));

    /// <summary>Each series with its value, as <c>skald_sends_total{skald_result="stored"}</c>.</summary>
    public static async Task<Dictionary<string, double>> MetricsAsync(this SkaldServer server) => Parse(await server.MetricsTextAsync());

    public static Dictionary<string, double> Parse(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith('#')).ToDictionary(
            line =>
                line[..line.LastIndexOf(' ')], line =>
                    double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture), StringComparer.Ordinal);

    /// <summary>Scrapes until it is so: what is counted after an answer may be seen a moment later.</summary>
    public static async Task<Dictionary<string, double>> MetricsWhenAsync(
        this SkaldServer server, Func<Dictionary<string, double>, bool> condition)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var metrics = await server.MetricsAsync();
            if (condition(metrics))
                return metrics;
            if (TimeProvider.System.GetElapsedTime(started) > Deadline.Default)
                throw new TimeoutException(
                    "The metrics never came to be so: " + string.Join('\n',
                        metrics.Where(m => m.Key.StartsWith("skald", StringComparison.Ordinal))));
        }
    }
}
