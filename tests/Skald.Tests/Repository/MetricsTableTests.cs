using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Skald.Server.Cluster;
using Skald.Server.Operations;
using Skald.Tests.Harness;

namespace Skald.Tests.Repository;

/// <summary>The table of metrics in docs/operations.md is what a running server measures.</summary>
[Collection(WrittenDocuments.Name)]
public sealed class MetricsTableTests
{
    [Fact]
    public async Task The_documented_metrics_are_those_of_the_server()
    {
        await using var server = await SkaldServer.StartAsync([Scrape.On]);
        await server.RegisterAsync("ann");
        var meters = server.Services.GetRequiredService<IMeterFactory>();
        var instruments = new List<Instrument>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == Telemetry.Name && instrument.Meter.Scope == meters)
                instruments.Add(instrument);
        };
        listener.Start();
        server.Services.GetRequiredService<AnnouncementMetrics>();   // of a server on PostgreSQL

        var table = new StringBuilder("| metric | in Prometheus | unit | meaning |\n|---|---|---|---|\n");
        foreach (var instrument in instruments.OrderBy(instrument => instrument.Name, StringComparer.Ordinal))
        {
            Assert.False(string.IsNullOrEmpty(instrument.Description), $"{instrument.Name} says nothing about itself.");
            table.Append(
                CultureInfo.InvariantCulture,
                $"| `{instrument.Name}` | `{new MetricFamily(instrument).Name}` | {Unit(instrument)} | {instrument.Description} |\n");
        }

        Assert.Equal(instruments.Select(instrument => instrument.Name).Distinct(StringComparer.Ordinal).Count(), instruments.Count);
        WrittenSection.AssertIs("metrics", table.ToString());
    }

    private static string Unit(Instrument instrument) => instrument.Unit switch
    {
        null => "–",
        "By" => "bytes",
        var unit => unit.Trim('{', '}'),
    };
}
