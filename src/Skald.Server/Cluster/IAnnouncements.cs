namespace Skald.Server.Cluster;

/// <summary>Tells the other nodes of one database at once what they would find out within a second anyway.</summary>
/// <remarks>
/// An announcement is a hint: each may be lost, repeated or late, and nothing depends on it but how soon. So no sender waits for one,
/// and where the way is gone, the look at the database each second carries on.
/// </remarks>
internal interface IAnnouncements
{
    /// <summary>Begins to announce and to hear. Returns at once, whether the way is there or not.</summary>
    void Start(Heard heard);

    /// <summary>The log has grown. Never waits and never throws; what comes while an announcement is on its way is merged.</summary>
    /// <param name="end">The position of its newest entry. The newest one that was noted wins.</param>
    void Grown(long end);

    /// <summary>Something else than the log has changed, such as sessions that ended: the others look at once.</summary>
    void Look();

    /// <summary>Passes a signal on to readers of a room on the other nodes. Dropped where it does not fit, or the way is busy.</summary>
    /// <param name="room">The room's name.</param>
    /// <param name="frame">A whole WebSocket frame. Nobody changes it any more.</param>
    void Signal(string room, ReadOnlyMemory<byte> frame);

    Task StopAsync();
}
