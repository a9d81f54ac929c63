using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Delivery;

/// <summary>The feeds of this node: one for each room that has readers here.</summary>
internal sealed class RoomFeeds(IOptions<DeliveryLimits> limits)
{
    private readonly ConcurrentDictionary<Room, RoomFeed> _feeds = new();
    private readonly TailBudget _tails = new(limits.Value.TailBytesInAll);

    public int Count => _feeds.Count;

    /// <summary>Bytes that the tails of all rooms hold.</summary>
    public long TailBytes => _tails.Used;

    /// <summary>
    /// Adds a cursor to its room's feed. It gets nothing before <see cref="Outbound.Start"/>, and from then on everything.
    /// </summary>
    /// <returns>The room's newest message that a subscriber can have had.</returns>
    public long Register(Subscription subscription)
    {
        while (true)
        {
            var feed = _feeds.GetOrAdd(subscription.Room, static (room, feeds) => feeds.NewFeed(room), this);
            // Store-load fence (Dekker): here the feed is published, then LastSeq is read; the log writes LastSeq, then Accept looks the
            // feed up. So at least one of the two sees the other.
            Interlocked.MemoryBarrier();
            feed.Begin(subscription.Room.LastSeq);
            subscription.Feed = feed;
            if (feed.TryAdd(subscription))
                return feed.Head.Seq;
            // The feed's last reader has left it meanwhile, which ends it: a new feed takes its place.
            _feeds.TryRemove(KeyValuePair.Create(subscription.Room, feed));
        }
    }

    public void Unregister(Subscription subscription)
    {
        if (subscription.Feed.Remove(subscription))
            _feeds.TryRemove(KeyValuePair.Create(subscription.Room, subscription.Feed));
    }

    /// <returns>Null where the room has no readers here.</returns>
    public RoomFeed? Find(Room room) => _feeds.GetValueOrDefault(room);

    /// <summary>
    /// Whether a room has readers here. Who asks has told <see cref="Room.LastSeq"/> already: a reader that comes later begins there.
    /// </summary>
    public bool Has(Room room)
    {
        Interlocked.MemoryBarrier();
        return _feeds.ContainsKey(room);
    }

    /// <summary>Takes in new messages of one room. Its <see cref="Room.LastSeq"/> tells of them already.</summary>
    /// <returns>Null where the room has no readers here.</returns>
    public FanOut? Accept(Room room, ReadOnlySpan<Draft> drafts, BatchEncoder encoder)
    {
        Interlocked.MemoryBarrier();
        return _feeds.TryGetValue(room, out var feed) ? feed.Accept(drafts, encoder) : null;
    }

    private RoomFeed NewFeed(Room room) => new(room, limits.Value.TailBytes, _tails);
}
