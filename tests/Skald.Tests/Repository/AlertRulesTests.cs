using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Skald.Server.History;
using Skald.Tests.Harness;

namespace Skald.Tests.Repository;

/// <summary>
/// The alerts and the dashboard that are there to import ask for what the server measures, and stand in docs/operations.md.
/// </summary>
[Collection(WrittenDocuments.Name)]
public sealed partial class AlertRulesTests
{
    private const string Folder = "packaging/prometheus/", Rules = Folder + "skald.rules.yml";

    [Fact]
    public async Task Prometheus_takes_the_rules_and_they_fire_when_they_should()
    {
        Assert.Equal(0, Code(await Promtool.JudgeAsync("", "check", "rules", Path.Combine(Source.Root, Rules))));
        Assert.Equal(0, Code(await Promtool.JudgeAsync("", "test", "rules", Path.Combine(Source.Root, Folder, "skald.rules.test.yml"))));

        static int Code((int ExitCode, string Said) judged) => judged.ExitCode == 0 ? 0 : throw new InvalidOperationException(judged.Said);
    }

    [Fact]
    public void The_documented_alerts_are_those_of_the_rules()
    {
        var table = new StringBuilder("| alert | when | it means |\n|---|---|---|\n");
        foreach (Match rule in Rule().Matches(Source.Read(Rules)))
        {
            var lasting = rule.Groups["for"] is { Success: true } time ? $" for {time.Value}" : "";
            table.Append(
                CultureInfo.InvariantCulture,
                $"| {rule.Groups["name"]} | `{rule.Groups["expr"]}`{lasting} | {rule.Groups["means"]} |\n");
        }

        WrittenSection.AssertIs("alerts", table.ToString());
    }

    [Fact]
    public async Task Alerts_and_dashboard_ask_for_metrics_that_are_there()
    {
        await using var server = await SkaldServer.StartAsync([Scrape.On]);
        (await server.RegisterAsync("ann")).ToString();
        var dashboard = JsonDocument.Parse(Source.Read(Folder + "grafana-dashboard.json")).RootElement;
        string[] asked = [.. Rule().Matches(Source.Read(Rules)).Select(rule => rule.Groups["expr"].Value),
            .. dashboard.GetProperty("panels").EnumerateArray().SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
            .Select(target => target.GetProperty("expr").GetString()!)];

        var text = await server.MetricsTextAsync();

        Assert.True(asked.Length > 20);
        var served = Family().Matches(text).SelectMany(family => family.Groups[2].Value == "histogram"
            ? new[] { $"{family.Groups[1]}_bucket", $"{family.Groups[1]}_sum", $"{family.Groups[1]}_count" } : [family.Groups[1].Value]);
        Assert.Empty(
            asked.SelectMany(expression => Metric().Matches(Labels().Replace(expression, "")))
                .Select(match => match.Value).Distinct().Except(served));
    }

    [Fact]
    public void Half_of_the_log_queue_is_half_of_the_setting() =>
        Assert.Contains($"skald_log_queued > {new LogLimits().QueuedMessages / 2}\n", Source.Read(Rules), StringComparison.Ordinal);

    [GeneratedRegex(@"- alert: (?<name>\w+)\n +expr: (?<expr>[^\n]+)\n(?: +for: (?<for>\w+)\n)? +labels: \{ severity: (?:warning|critical) \}\n +annotations:\n +summary: (?<means>[^\n]+)\n")]
    private static partial Regex Rule();

    [GeneratedRegex(@"^# TYPE (\w+) (\w+)$", RegexOptions.Multiline)]
    private static partial Regex Family();

    [GeneratedRegex(@"by \([^)]*\)|\{[^}]*\}")]
    private static partial Regex Labels();

    [GeneratedRegex(@"\b(?:skald|dotnet|http_server)_\w+")]
    private static partial Regex Metric();
}
