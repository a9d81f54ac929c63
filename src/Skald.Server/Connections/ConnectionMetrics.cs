using System.Diagnostics.Metrics;
using System.Globalization;
using Skald.Protocol;
using Skald.Server.Operations;

namespace Skald.Server.Connections;

/// <summary>What the sockets tell an operator.</summary>
internal sealed class ConnectionMetrics
{
    private readonly Meter _meter;
    private readonly Counter<long> _closes;
    private readonly Counter<long> _refusals;

    public ConnectionMetrics(Telemetry telemetry)
    {
        _meter = telemetry.Meter;
        _closes = _meter.CreateCounter<long>(
            "skald.closes", "{connection}",
            "Sockets that ended, by the code this server closed them with (`skald.close_code`); `none` where the client went or was lost.");
        _refusals = _meter.CreateCounter<long>("skald.refusals", "{error}", "Errors answered on sockets, by their code (`error.type`).");
    }

    public void ObserveConnections(Func<int> open) =>
        _meter.CreateObservableUpDownCounter("skald.connections", open, "{connection}", "Open sockets.");

    /// <param name="code">What we closed it with; null where we did not.</param>
    public void Ended(CloseCode? code) =>
        _closes.Add(
            1,
            new KeyValuePair<string, object?>("skald.close_code", code?.Number.ToString(CultureInfo.InvariantCulture) ?? "none"));

    public void Refused(ErrorCode code) => _refusals.Add(1, new KeyValuePair<string, object?>("error.type", code.Name));
}
