using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Limits;
using Skald.Server.Rooms;

namespace Skald.Server.Delivery;

/// <summary>A room that has readers on this node: its newest entries, encoded, and the cursors into them.</summary>
/// <remarks>
/// Only the delivery thread moves the head. Readers are cursors: one at the head gets each batch as it comes; one further
/// back takes it from the tail, and one that fell off the tail reads the log. So the feed never waits, and a gap in
/// what it was told costs nothing but its tail.
/// </remarks>
internal sealed class RoomFeed(Room room, int tailBytes, TailBudget budget)
{
    private readonly Lock _gate = new();
    private readonly Queue<EncodedBatch> _tail = [];
    private int _tailLength;
    private readonly List<Subscription> _subscribers = [];   // in no order: the last one takes the place of one that leaves
    private Position? _head;                                 // null until it begins
    private TokenBucket _signals;
    private bool _ended;

    public Room Room => room;

    /// <summary>The last message handed to the subscribers, and how many bytes of frames that were since the feed began.</summary>
    public Position Head => Volatile.Read(ref _head)!;

    /// <summary>Says what the feed follows upon. Only the first call counts.</summary>
    /// <remarks>Called once the feed can be found: what is announced before that passes it by, and must not lie after its head.</remarks>
    public void Begin(long seq)
    {
        if (Volatile.Read(ref _head) is null)
            Interlocked.CompareExchange(ref _head, new Position(seq, 0), null);
    }

    /// <summary>Adds a cursor. From here on it is offered every batch; it decides itself what it still needs.</summary>
    /// <returns>False when the feed has ended: there is another one.</returns>
    public bool TryAdd(Subscription subscription)
    {
        lock (_gate)
        {
            if (_ended)
                return false;
            subscription.Slot = _subscribers.Count;
            _subscribers.Add(subscription);
            return true;
        }
    }

    /// <returns>True when it was the last one, and the feed has ended.</returns>
    public bool Remove(Subscription subscription)
    {
        lock (_gate)
        {
            if (subscription.Slot < _subscribers.Count && _subscribers[subscription.Slot] == subscription)
            {
                var last = _subscribers[^1];
                last.Slot = subscription.Slot;
                _subscribers[subscription.Slot] = last;
                _subscribers.RemoveAt(_subscribers.Count - 1);
            }

            _ended = _subscribers.Count == 0;
            if (!_ended)
                return false;
        }

        DropTail();
        return true;
    }

    /// <summary>How many readers it has, whatever they understand.</summary>
    public int Readers
    {
        get
        {
            lock (_gate)
                return _subscribers.Count;
        }
    }

    /// <summary>Whether one more signal may come into the room now.</summary>
    /// <param name="perSecond">The rate; twice as many may come at once.</param>
    /// <param name="wait">When not: how long until one may.</param>
    public bool TryTakeSignal(double perSecond, TimeProvider clock, out TimeSpan wait)
    {
        lock (_gate)
            return _signals.TryTake(1, perSecond, burst: 2 * perSecond, clock, out wait);
    }

    /// <summary>Copies the list of readers, which may change meanwhile, into an array of the <see cref="ArrayPool{T}"/>.</summary>
    public ArraySegment<Subscription> RentReaders()
    {
        lock (_gate)
            return CopyReaders();
    }

    /// <summary>Takes in what the log has stored: encodes it once.</summary>
    /// <param name="drafts">New entries of this room, consecutive.</param>
    /// <returns>What is to be offered, and to whom; null where a new feed has all of it already.</returns>
    /// <remarks>Where a text was erased, no tail keeps it: who comes back reads the log, which has it no more.</remarks>
    public FanOut? Accept(ReadOnlySpan<Draft> drafts, BatchEncoder encoder)
    {
        var erased = false;
        foreach (var draft in drafts)
            erased |= draft.Kind == EntryKind.Deleted;

        Begin(drafts[0].Seq - 1);
        // What a new feed began with, because it read the head after the commit and before the announcement.
        while (!drafts.IsEmpty && drafts[0].Seq <= Head.Seq)
            drafts = drafts[1..];
        if (drafts.IsEmpty)
            return null;

        foreach (var draft in drafts)
            encoder.Add(draft);
        return Append(encoder.Finish(drafts[0].Seq, Head.Offset), keep: !erased);
    }

    /// <summary>The batch that goes on after a position, if the tail still has it.</summary>
    public bool TryReadTail(long after, [NotNullWhen(true)] out EncodedBatch? found)
    {
        lock (_gate)
        {
            foreach (var batch in _tail)
            {
                if (after < batch.First - 1)
                    break;
                if (after < batch.Last)
                {
                    found = batch;
                    return true;
                }
            }
        }

        found = null;
        return false;
    }

    /// <summary>Drops the tail: readers that still need it read the log.</summary>
    public void DropTail()
    {
        lock (_gate)
            ClearTail();
        budget.Forget(this);
    }

    private FanOut Append(EncodedBatch batch, bool keep)
    {
        int tail;
        FanOut fanOut;
        lock (_gate)
        {
            // After a gap the log has what lies between, and readers that need it read it there.
            if (batch.First != Head.Seq + 1 || !keep)
                ClearTail();
            if (!_ended && keep)
            {
                _tail.Enqueue(batch);
                _tailLength += batch.Length;
            }

            while (_tailLength > tailBytes && _tail.Count > 1)
                _tailLength -= _tail.Dequeue().Length;
            Volatile.Write(ref _head, batch.End);
            tail = _tailLength;
            fanOut = new FanOut(CopyReaders(), batch);
        }

        budget.Note(this, tail);
        return fanOut;
    }

    private ArraySegment<Subscription> CopyReaders()
    {
        var readers = ArrayPool<Subscription>.Shared.Rent(_subscribers.Count);
        _subscribers.CopyTo(readers);
        return new(readers, 0, _subscribers.Count);
    }

    private void ClearTail()
    {
        _tail.Clear();
        _tailLength = 0;
    }
}

/// <summary>A place in a feed.</summary>
/// <param name="Seq">The last message before it.</param>
/// <param name="Offset">Bytes of frames before it, since the feed began.</param>
internal sealed record Position(long Seq, long Offset)
{
    public static readonly Position Start = new(0, 0);
}
