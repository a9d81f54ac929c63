namespace Skald.Server.Rooms;

/// <summary>A room in this node's memory: always the same object for the same room.</summary>
/// <param name="id">Its key in the database.</param>
/// <param name="name">A valid <see cref="Protocol.RoomName"/>.</param>
/// <param name="firstSeq">The oldest message kept; 1 until retention trims.</param>
/// <param name="lastSeq">The newest entry on disk; 0 where there is none.</param>
/// <param name="version">The entry that changed its state last; 0 where none has.</param>
internal sealed class Room(long id, string name, long firstSeq, long lastSeq, long version = 0)
{
    private long _lastSeq = lastSeq;
    private long _version = version;
    private RoomState? _state;

    public long Id { get; } = id;

    public string Name { get; } = name;

    public long FirstSeq { get; } = firstSeq;

    /// <summary>The newest entry on disk that this node knows of: nothing newer was announced here. Others may have stored more.</summary>
    public long LastSeq => Volatile.Read(ref _lastSeq);

    /// <summary>The newest entry, of those that this node knows of, that changed what the room is or who is in it.</summary>
    public long Version => Volatile.Read(ref _version);

    /// <summary>
    /// What it is and who is in it, as of <see cref="Version"/> at least; null until it is read (<see cref="RoomDirectory.LearnAsync"/>),
    /// and again where another node has changed it.
    /// </summary>
    public RoomState? State => Volatile.Read(ref _state) is { } state && state.Version >= Version ? state : null;

    /// <summary>An entry is on disk.</summary>
    public void Reach(long seq) => Raise(ref _lastSeq, seq);

    /// <summary>An entry that changed the state is on disk: what is known of it from before is of no use.</summary>
    public void Outdate(long version) => Raise(ref _version, version);

    /// <summary>The state as it is on disk; an older one than is known already does nothing.</summary>
    public void Become(RoomState state)
    {
        for (var known = Volatile.Read(ref _state); known is null || known.Version <= state.Version; known = Volatile.Read(ref _state))
        {
            if (Interlocked.CompareExchange(ref _state, state, known) == known)
                break;
        }

        Outdate(state.Version);
    }

    private static void Raise(ref long place, long value)
    {
        for (var known = Volatile.Read(ref place); value > known; known = Volatile.Read(ref place))
        {
            if (Interlocked.CompareExchange(ref place, value, known) == known)
                return;
        }
    }
}
