namespace Skald.Bench.Load;

/// <summary>What one loop has seen since its stats were last taken. Written on the loop's thread alone.</summary>
internal sealed class LoadStats
{
    /// <summary>Messages that reached a reader, each reader counted.</summary>
    public long Deliveries { get; private set; }

    /// <summary>Their payloads, in bytes.</summary>
    public long DeliveredBytes { get; private set; }

    /// <summary>From a message's intended time of sending until a reader had it.</summary>
    public LatencyHistogram Delivery { get; } = new();

    /// <summary>The same of a reader on another node than the sender's, who is not in <see cref="Delivery"/>.</summary>
    public LatencyHistogram DeliveryElsewhere { get; } = new();

    /// <summary>From the intended time of an act until its answer: a message's ack or echo, a handshake's 101, a page.</summary>
    public LatencyHistogram Answer { get; } = new();

    /// <summary>How long the loop looked for something to do and found nothing, in nanoseconds.</summary>
    public long Idle { get; set; }

    public void Delivered(long latency, int bytes, bool fromOtherNode)
    {
        Deliveries++;
        DeliveredBytes += bytes;
        (fromOtherNode ? DeliveryElsewhere : Delivery).Record(latency);
    }

    public void Add(LoadStats other)
    {
        Deliveries += other.Deliveries;
        DeliveredBytes += other.DeliveredBytes;
        Idle += other.Idle;
        Delivery.Add(other.Delivery);
        DeliveryElsewhere.Add(other.DeliveryElsewhere);
        Answer.Add(other.Answer);
    }
}
