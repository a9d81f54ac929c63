using Skald.Server.Rooms;

namespace Skald.Server.Storage;

/// <summary>Consecutive entries of one room that lie side by side in the whole log too.</summary>
/// <param name="Position">The first one's.</param>
/// <param name="Room">The room, as it is on disk: not the object that this node has of it.</param>
/// <param name="FirstSeq">The first one's.</param>
/// <param name="LastSeq">The last one's.</param>
internal readonly record struct LogRun(long Position, Room Room, long FirstSeq, long LastSeq)
{
    public long PositionOf(long seq) => Position + seq - FirstSeq;

    /// <summary>The first <c>seq</c> that is kept and lies behind a position.</summary>
    public long FirstSeqAfter(long position) => Math.Max(Room.FirstSeq, FirstSeq + Math.Max(0, position + 1 - Position));
}
