namespace Skald.Server.Rooms;

/// <summary>A room in this node's memory: always the same object for the same room.</summary>
/// <param name="id">Its key in the database.</param>
/// <param name="name">A valid <see cref="Protocol.RoomName"/>.</param>
/// <param name="firstSeq">The oldest message kept; 1 until retention trims.</param>
/// <param name="lastSeq">The newest message on disk; 0 where there is none.</param>
internal sealed class Room(long id, string name, long firstSeq, long lastSeq)
{
    private long _lastSeq = lastSeq;

    public long Id { get; } = id;

    public string Name { get; } = name;

    public long FirstSeq { get; } = firstSeq;

    /// <summary>The newest entry on disk: only the log sets it, after each commit.</summary>
    public long LastSeq
    {
        get => Volatile.Read(ref _lastSeq);
        set => Volatile.Write(ref _lastSeq, value);
    }
}
