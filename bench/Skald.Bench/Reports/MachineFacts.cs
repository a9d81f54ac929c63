using System.Globalization;
using System.Runtime.InteropServices;

namespace Skald.Bench.Reports;

/// <summary>Where and when it was measured.</summary>
internal sealed record MachineFacts(
    string Date,
    string Processor,
    int Cores,
    string ServerCores,
    string LoadCores,
    string Kernel,
    string Runtime,
    int Rounds,
    double Seconds)
{
    public static MachineFacts Read(CommonOptions options) => new(
        TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        ProcessorName(),
        Environment.ProcessorCount,
        options.ServerCores.ToString(),
        options.LoadCores.ToString(),
        Environment.OSVersion.Version.ToString(),
        RuntimeInformation.FrameworkDescription,
        options.Rounds,
        options.Duration.TotalSeconds);

    public override string ToString() =>
        $"{Date}; {Processor}, {Cores} cores (servers on {ServerCores}, load on {LoadCores}); " +
        $"Linux {Kernel}, {Runtime}; {Rounds} rounds of {Seconds} s.";

    private static string ProcessorName()
    {
        var line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal));
        return line?.Split(": ")[^1] ?? "unknown";
    }
}
