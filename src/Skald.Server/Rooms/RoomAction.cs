namespace Skald.Server.Rooms;

/// <summary>What a user may want to do with a room.</summary>
internal enum RoomAction
{
    /// <summary>Receive what is said from now on, or from a position.</summary>
    Join,

    /// <summary>Read what was said.</summary>
    ReadHistory,

    /// <summary>Say something.</summary>
    Send,

    /// <summary>Tell those who are there something that is not kept.</summary>
    Signal,

    /// <summary>Change or erase what one has said.</summary>
    Change,
}
