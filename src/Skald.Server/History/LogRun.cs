using Skald.Server.Rooms;

namespace Skald.Server.History;

/// <summary>Consecutive entries of one room that lie side by side in the whole log too.</summary>
/// <param name="Position">The first one's.</param>
/// <param name="Room">The room, as it is on disk: not the object that this node has of it.</param>
/// <param name="FirstSeq">The first one's.</param>
/// <param name="LastSeq">The last one's.</param>
internal readonly record struct LogRun(long Position, Room Room, long FirstSeq, long LastSeq)
{
    /// <summary>The last one's.</summary>
    public long LastPosition => PositionOf(LastSeq);

    public long PositionOf(long seq) => Position + seq - FirstSeq;

    /// <summary>What of it lies behind a position, up to another one, and is kept; it has no entries where nothing does.</summary>
    public LogRun Between(long after, long last)
    {
        var first = Math.Max(Room.FirstSeq, FirstSeq + Math.Max(0, after + 1 - Position));
        var end = LastPosition <= last ? LastSeq : FirstSeq + last - Position;
        return new LogRun(PositionOf(first), Room, first, end);
    }

    public bool IsEmpty => LastSeq < FirstSeq;
}
