using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Skald.Server.Operations;

namespace Skald;

/// <summary>
/// Metrics and traces to an OpenTelemetry collector, by the standard's own settings (<c>OTEL_…</c>). Off unless one of them names an
/// endpoint.
/// </summary>
internal static class TelemetryExport
{
    private const string
        Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT",
        MetricsEndpoint = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        TracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

    public static void AddTelemetryExport(this IServiceCollection services, IConfiguration configuration)
    {
        var (metrics, traces) = (IsOn(MetricsEndpoint), IsOn(TracesEndpoint));
        if (!metrics && !traces)
            return;

        // The environment's own names last: they win.
        var telemetry = services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("skald").AddEnvironmentVariableDetector());
        if (metrics)
            telemetry.WithMetrics(m => m.AddMeter(Telemetry.Name, "System.Runtime", "Microsoft.AspNetCore.Hosting")
                .AddOtlpExporter(otlp => Direct(otlp, MetricsEndpoint)));
        if (traces)
            telemetry.WithTracing(t => t.AddSource(Telemetry.Name).AddOtlpExporter(otlp => Direct(otlp, TracesEndpoint)));

        bool IsOn(string own) =>
            !string.IsNullOrEmpty(configuration[own] ?? configuration[Endpoint])
            && !string.Equals(configuration["OTEL_SDK_DISABLED"], "true", StringComparison.OrdinalIgnoreCase);

        // The exporter itself reads the endpoint for both, and not those for one.
        void Direct(OtlpExporterOptions otlp, string own)
        {
            if (configuration[own] is not { Length: > 0 } text)
                return;
            otlp.Endpoint = Uri.TryCreate(text, UriKind.Absolute, out var address)
                ? address
                : throw new StartupRefusedException(
                    $"{own} is \"{text}\", which is no address such as http://127.0.0.1:4318/v1/traces. Correct it.");
        }
    }
}
