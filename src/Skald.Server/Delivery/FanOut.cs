using Skald.Server.Transport;

namespace Skald.Server.Delivery;

/// <summary>What a batch means for one room: these readers are offered this.</summary>
internal readonly record struct FanOut(Subscription[] Readers, EncodedBatch Batch)
{
    /// <summary>Turns between asking for an object and needing it. Each is found through the one before, which must be there by then.</summary>
    private const int SubscriptionAhead = 6, ReaderAhead = 4, SocketAhead = 2;

    /// <summary>Messages times readers.</summary>
    public long Deliveries => (Batch.Last - Batch.First + 1) * Readers.Length;

    /// <param name="pace">Counts the offers.</param>
    public void Deliver(Pace pace)
    {
        for (var i = 0; i < Readers.Length; i++)
        {
            Prefetch(i);
            Readers[i].Reader.Offer(Readers[i], Batch);
            pace.Step();
        }
    }

    /// <summary>Asks for the memory of those whose turn comes soon.</summary>
    private void Prefetch(int turn)
    {
        if (turn + SubscriptionAhead < Readers.Length)
            CacheLine.Prefetch(Readers[turn + SubscriptionAhead], lines: 2);
        if (turn + ReaderAhead < Readers.Length)
            CacheLine.Prefetch(Readers[turn + ReaderAhead].Reader, lines: 3);
        if (turn + SocketAhead < Readers.Length)
            Readers[turn + SocketAhead].Reader.Prefetch();
    }
}
