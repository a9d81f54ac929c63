using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;

namespace Skald.Server.Operations;

/// <summary>Everything that is measured here, in the text that Prometheus reads (its format 0.0.4).</summary>
/// <remarks>Ours, since OpenTelemetry's exporter for it is a preview: what is pushed goes by the program's TelemetryExport.</remarks>
internal sealed class MetricsText : IDisposable
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<Instrument, MetricFamily> _families = new();
    private readonly Lock _gate = new();

    /// <param name="meters">The host's: meters of another server in this process are not ours.</param>
    public MetricsText(IMeterFactory meters)
    {
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            var meter = instrument.Meter;
            if (meter.Name == "System.Runtime" || (meter.Scope == meters && meter.Name is Telemetry.Name or "Microsoft.AspNetCore.Hosting"))
                listener.EnableMeasurementEvents(instrument, _families.GetOrAdd(instrument, static i => new MetricFamily(i)));
        };
        _listener.Start();
    }

    public string Read()
    {
        lock (_gate)
        {
            foreach (var family in _families.Values)
                family.BeginReading();
            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException)
            {
                // What cannot be read now is missing from the text; all others are in it.
            }

            var text = new StringBuilder(16 * 1024);
            foreach (var family in _families.Values.OrderBy(family => family.Name, StringComparer.Ordinal))
                family.Write(text);
            return text.ToString();
        }
    }

    public void Dispose() => _listener.Dispose();
}
