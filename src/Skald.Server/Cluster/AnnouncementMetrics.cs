using System.Diagnostics.Metrics;
using Skald.Server.Operations;

namespace Skald.Server.Cluster;

/// <summary>What the way between the nodes tells an operator. All stay 0 where a node has its database to itself.</summary>
internal sealed class AnnouncementMetrics(Telemetry telemetry)
{
    private readonly Counter<long> _sent = telemetry.Meter.CreateCounter<long>(
        "skald.announcements.sent", "{announcement}", "Announcements to the other nodes; each may tell of many commits.");

    private readonly Counter<long> _heard = telemetry.Meter.CreateCounter<long>(
        "skald.announcements.heard", "{announcement}", "Announcements of other nodes.");

    private readonly Counter<long> _opened = telemetry.Meter.CreateCounter<long>(
        "skald.announcements.opened", "{connection}", "Connections for announcements that were made: once at start, and after each loss.");

    private readonly Counter<long> _dropped = telemetry.Meter.CreateCounter<long>(
        "skald.announcements.signals_dropped", "{signal}",
        "Signals that were not passed on to other nodes, since the way was away or busy.");

    public void Sent() => _sent.Add(1);

    public void Heard() => _heard.Add(1);

    public void Opened() => _opened.Add(1);

    public void SignalDropped() => _dropped.Add(1);
}
