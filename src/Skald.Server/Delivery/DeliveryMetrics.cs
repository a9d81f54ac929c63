using Skald.Server.Operations;

namespace Skald.Server.Delivery;

/// <summary>What delivery tells an operator: added once a batch and room, however many readers it has.</summary>
internal sealed class DeliveryMetrics
{
    // Only the delivery thread writes them.
    private long _acks;
    private long _deliveries;

    public DeliveryMetrics(Telemetry telemetry, RoomFeeds feeds)
    {
        var meter = telemetry.Meter;
        meter.CreateObservableUpDownCounter("skald.rooms.live", () => feeds.Count, "{room}", "Rooms that somebody here listens to.");
        meter.CreateObservableCounter(
            "skald.acks", () => Volatile.Read(ref _acks), "{message}", "Messages whose sender was told that they are on disk.");
        meter.CreateObservableCounter(
            "skald.deliveries", () => Volatile.Read(ref _deliveries), "{delivery}",
                "Messages times the readers they were offered to live: 10 messages to 1,000 readers are 10,000.");
    }

    public void Acked(int messages) => Volatile.Write(ref _acks, _acks + messages);

    /// <param name="deliveries">Messages times readers.</param>
    public void Delivered(long deliveries) => Volatile.Write(ref _deliveries, _deliveries + deliveries);
}
