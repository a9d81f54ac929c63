using System.Buffers;
using Skald.Server.Transport;

namespace Skald.Server.Delivery;

/// <summary>A batch on its way to the readers of one room, as they were when it came.</summary>
internal readonly struct FanOut
{
    /// <summary>
    /// How many offers ahead each object is prefetched. Each is found through the one before, which must be in the cache by then.
    /// </summary>
    private const int SubscriptionAhead = 6, ReaderAhead = 4, SocketAhead = 2;

    private readonly Subscription[] _readers;   // rented from the ArrayPool, so it may be longer than Count
    private readonly EncodedBatch _batch;

    private FanOut(Subscription[] readers, int count, EncodedBatch batch) => (_readers, Count, _batch) = (readers, count, batch);

    /// <summary>How many are offered the batch.</summary>
    public int Count { get; }

    /// <summary>Messages times readers.</summary>
    public long Deliveries => (_batch.Last - _batch.First + 1) * Count;

    /// <summary>Copies the list of subscribers, which may change while the batch goes out.</summary>
    public static FanOut To(List<Subscription> subscribers, EncodedBatch batch)
    {
        var readers = ArrayPool<Subscription>.Shared.Rent(subscribers.Count);
        subscribers.CopyTo(readers);
        return new FanOut(readers, subscribers.Count, batch);
    }

    /// <summary>Offers the batch to each reader. To be called once: it returns the copy to the pool.</summary>
    /// <param name="failed">Called for each offer that throws; the others go on.</param>
    public void Deliver(Pace pace, Action<Exception> failed)
    {
        var readers = _readers.AsSpan(0, Count);
        for (var i = 0; i < readers.Length; i++)
        {
            Prefetch(readers, i);
            try
            {
                readers[i].Outbound.Offer(readers[i], _batch);
            }
            catch (Exception e)
            {
                failed(e);
            }

            pace.Step();
        }

        ArrayPool<Subscription>.Shared.Return(_readers, clearArray: true);
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
