namespace Skald.Server.Delivery;

/// <summary>The rooms that a connection is in, and what comes next for it: from one room after the other, so that none starves.</summary>
/// <remarks>A field of the outbound, under its lock: it is not copied.</remarks>
internal struct JoinedRooms()
{
    private readonly List<Subscription> _all = [];
    private int _last;   // index of the room that was read last

    public readonly IReadOnlyList<Subscription> All => _all;

    public readonly void Add(Subscription subscription) => _all.Add(subscription);

    public readonly void Remove(Subscription subscription) => _all.Remove(subscription);

    public readonly Subscription? Find(string room)
    {
        foreach (var subscription in _all)
        {
            if (subscription.Room.Name == room)
                return subscription;
        }

        return null;
    }

    /// <summary>Reads on in the next room that is behind, and moves its cursor.</summary>
    /// <param name="far">
    /// Where there is nothing to return: a room whose cursor has fallen off the tail, or stands where its reading ends.
    /// </param>
    /// <returns>Frames out of the room's tail; empty where there are none.</returns>
    public ReadOnlyMemory<byte> ReadNext(out Subscription? far)
    {
        far = null;
        for (var i = 0; i < _all.Count; i++)
        {
            _last = (_last + 1) % _all.Count;
            var subscription = _all[_last];
            if (!subscription.Active)
                continue;
            while (subscription.IsBehind && subscription.Feed.TryReadTail(subscription.Cursor, out var found))
            {
                var batch = subscription.UpToExit(found);
                var frames = batch.After(subscription.Cursor, subscription.Dialect);
                subscription.MoveTo(batch.End);
                // A reader of another dialect may pass over a batch, and has more to come.
                if (!frames.IsEmpty)
                    return frames;
            }

            if (subscription.IsBehind || subscription.IsAtExit)
            {
                far = subscription;
                return default;
            }

            subscription.NoteHead();
        }

        return default;
    }
}
