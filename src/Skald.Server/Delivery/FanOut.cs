using System.Buffers;
using Skald.Server.Transport;

namespace Skald.Server.Delivery;

/// <summary>A batch on its way to the readers of one room, as they were when it came.</summary>
/// <param name="readers">A copy, rented from the <see cref="ArrayPool{T}"/>: the list may change while the batch goes out.</param>
internal readonly struct FanOut(ArraySegment<Subscription> readers, EncodedBatch batch)
{
    /// <summary>
    /// How many offers ahead each object is prefetched. Each is found through the one before, which must be in the cache by then.
    /// </summary>
    private const int SubscriptionAhead = 6, ReaderAhead = 4, SocketAhead = 2;

    /// <summary>How many are offered the batch.</summary>
    public int Count => readers.Count;

    /// <summary>Messages times readers.</summary>
    public long Deliveries => (batch.Last - batch.First + 1) * Count;

    /// <summary>Offers the batch to each reader. To be called once: it returns the copy to the pool.</summary>
    /// <param name="failed">Called for each offer that throws; the others go on.</param>
    public void Deliver(Pace pace, Action<Exception> failed)
    {
        var offered = readers.AsSpan();
        for (var i = 0; i < offered.Length; i++)
        {
            Prefetch(offered, i);
            try
            {
                offered[i].Outbound.Offer(offered[i], batch);
            }
            catch (Exception e)
            {
                failed(e);
            }

            pace.Step();
        }

        ArrayPool<Subscription>.Shared.Return(readers.Array!, clearArray: true);
    }

    /// <summary>Prefetches the objects that the next offers use.</summary>
    private static void Prefetch(ReadOnlySpan<Subscription> readers, int index)
    {
        if (index + SubscriptionAhead < readers.Length)
            CacheLine.Prefetch(readers[index + SubscriptionAhead], lines: 2);
        if (index + ReaderAhead < readers.Length)
            CacheLine.Prefetch(readers[index + ReaderAhead].Outbound, lines: 3);
        if (index + SocketAhead < readers.Length)
            readers[index + SocketAhead].Outbound.Prefetch();
    }
}
