using System.Text.Json;
using System.Text.Json.Serialization;
using Skald.Bench.Measuring;

namespace Skald.Bench.Reports;

/// <summary>Every run's readings, for whoever wants to reckon with them.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static async Task WriteAsync(
        string path, MachineFacts facts, IReadOnlyList<ScenarioResult> results, CancellationToken cancellation)
    {
        var runs =
            from result in results
            from outcome in result.Outcomes
            select new
            {
                scenario = result.Scenario.Name,
                trial = outcome.Trial.Name,
                target = outcome.Target.Name,
                outcome.Round,
                outcome.Fault,
                readings = outcome.Readings?.ToDictionary(reading => reading.Key.Title, reading => reading.Value),
            };
        await using var file = File.Create(path);
        await JsonSerializer.SerializeAsync(file, new { machine = facts, runs }, Format, cancellation);
    }
}
