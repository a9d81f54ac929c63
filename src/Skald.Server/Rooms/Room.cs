namespace Skald.Server.Rooms;

/// <summary>A room in this node's memory: always the same object for the same room.</summary>
/// <param name="id">Its key in the database.</param>
/// <param name="name">A valid <see cref="Protocol.RoomName"/>.</param>
/// <param name="firstSeq">The oldest message kept; 1 until retention trims.</param>
/// <param name="lastSeq">The newest entry on disk; 0 where there is none.</param>
internal sealed class Room(long id, string name, long firstSeq, long lastSeq)
{
    private long _lastSeq = lastSeq;

    public long Id { get; } = id;

    public string Name { get; } = name;

    public long FirstSeq { get; } = firstSeq;

    /// <summary>The newest entry on disk that this node knows of: nothing newer was announced here. Others may have stored more.</summary>
    public long LastSeq => Volatile.Read(ref _lastSeq);

    /// <summary>An entry is on disk.</summary>
    public void Reach(long seq)
    {
        for (var last = LastSeq; seq > last; last = LastSeq)
        {
            if (Interlocked.CompareExchange(ref _lastSeq, seq, last) == last)
                return;
        }
    }
}
