namespace Skald.Protocol;

/// <summary>What of a private room's log its members may read: fixed for each when they are added.</summary>
public enum HistoryShown
{
    /// <summary>All that is kept.</summary>
    All = 0,

    /// <summary>From the entry on that added them.</summary>
    SinceJoined = 1,
}
