namespace Skald.Server.Delivery;

/// <summary>
/// Bounds the tails of all rooms together: over the budget, the room that was written to longest ago loses its tail first.
/// </summary>
/// <remarks>
/// A reader at the head needs no tail, and one behind it reads the log where there is none: a dropped tail costs a read, never a
/// message.
/// </remarks>
/// <param name="bytes">The budget: bytes of encoded frames.</param>
internal sealed class TailBudget(long bytes)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<(RoomFeed Feed, int Length)> _oldestFirst = [];
    private readonly Dictionary<RoomFeed, LinkedListNode<(RoomFeed Feed, int Length)>> _nodes = [];
    private long _used;

    /// <summary>Bytes that all tails hold.</summary>
    public long Used => Volatile.Read(ref _used);

    /// <summary>
    /// Notes that a room was written to just now. On the delivery thread; tails of other rooms may be dropped in the call, and so may
    /// its own.
    /// </summary>
    /// <param name="length">Bytes that its tail has now.</param>
    public void Note(RoomFeed feed, int length)
    {
        lock (_gate)
        {
            if (_nodes.TryGetValue(feed, out var node))
                _oldestFirst.Remove(node);
            else
                _nodes.Add(feed, node = new((feed, 0)));
            _used += length - node.Value.Length;
            node.Value = (feed, length);
            _oldestFirst.AddLast(node);
        }

        while (OldestOver() is { } oldest)
            oldest.DropTail();
    }

    /// <summary>Notes that a feed has no tail any more.</summary>
    public void Forget(RoomFeed feed)
    {
        lock (_gate)
        {
            if (!_nodes.Remove(feed, out var node))
                return;
            _used -= node.Value.Length;
            _oldestFirst.Remove(node);
        }
    }

    /// <returns>The feed whose tail goes next; null while the budget holds.</returns>
    private RoomFeed? OldestOver()
    {
        lock (_gate)
            return _used > bytes ? _oldestFirst.First?.Value.Feed : null;
    }
}
