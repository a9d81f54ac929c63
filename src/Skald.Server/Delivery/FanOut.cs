namespace Skald.Server.Delivery;

/// <summary>What a batch means for one room: these readers are offered this.</summary>
internal readonly record struct FanOut(Subscription[] Readers, EncodedBatch Batch)
{
    /// <summary>Messages times readers.</summary>
    public long Deliveries => (Batch.Last - Batch.First + 1) * Readers.Length;

    /// <param name="pace">Counts the offers.</param>
    public void Deliver(Pace pace)
    {
        foreach (var subscription in Readers)
        {
            subscription.Reader.Offer(subscription, Batch);
            pace.Step();
        }
    }
}
