using System.Buffers;
using Skald.Server.Transport;

namespace Skald.Server.Delivery;

/// <summary>What a batch means for one room: these readers are offered this, once.</summary>
internal readonly struct FanOut
{
    /// <summary>Turns between asking for an object and needing it. Each is found through the one before, which must be there by then.</summary>
    private const int SubscriptionAhead = 6, ReaderAhead = 4, SocketAhead = 2;

    private readonly Subscription[] _readers;   // of the pool, so it may be longer
    private readonly EncodedBatch _batch;

    private FanOut(Subscription[] readers, int count, EncodedBatch batch) => (_readers, Count, _batch) = (readers, count, batch);

    /// <summary>How many are offered the batch.</summary>
    public int Count { get; }

    /// <summary>Messages times readers.</summary>
    public long Deliveries => (_batch.Last - _batch.First + 1) * Count;

    /// <summary>Takes down who is there now: the list may change while the batch goes out, and nobody waits for that.</summary>
    public static FanOut To(List<Subscription> subscribers, EncodedBatch batch)
    {
        var readers = ArrayPool<Subscription>.Shared.Rent(subscribers.Count);
        subscribers.CopyTo(readers);
        return new FanOut(readers, subscribers.Count, batch);
    }

    /// <summary>Offers the batch to each of them. Once only: then nobody is left in it, so that it holds no connection in memory.</summary>
    /// <param name="failed">Told of each offer that failed. The others are made.</param>
    public void Deliver(Pace pace, Action<Exception> failed)
    {
        var readers = _readers.AsSpan(0, Count);
        for (var i = 0; i < readers.Length; i++)
        {
            Prefetch(readers, i);
            try
            {
                readers[i].Reader.Offer(readers[i], _batch);
            }
            catch (Exception e)
            {
                failed(e);
            }

            pace.Step();
        }

        ArrayPool<Subscription>.Shared.Return(_readers, clearArray: true);
    }

    /// <summary>Asks for the memory of those whose turn comes soon.</summary>
    private static void Prefetch(ReadOnlySpan<Subscription> readers, int turn)
    {
        if (turn + SubscriptionAhead < readers.Length)
            CacheLine.Prefetch(readers[turn + SubscriptionAhead], lines: 2);
        if (turn + ReaderAhead < readers.Length)
            CacheLine.Prefetch(readers[turn + ReaderAhead].Reader, lines: 3);
        if (turn + SocketAhead < readers.Length)
            readers[turn + SocketAhead].Reader.Prefetch();
    }
}
