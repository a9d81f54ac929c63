using Skald.Protocol;

namespace Skald.Server.Rooms;

/// <summary>What a user may want to do with a room. Each has its least role in <see cref="RoomActions"/>.</summary>
internal enum RoomAction
{
    /// <summary>Receive what is said from now on, or from a position.</summary>
    Join,

    /// <summary>Read what was said, what the room is and who is in it.</summary>
    Read,

    /// <summary>Say something.</summary>
    Send,

    /// <summary>Tell those who are there something that is not kept.</summary>
    Signal,

    /// <summary>Change what one has said.</summary>
    Edit,

    /// <summary>Erase what one has said.</summary>
    Delete,

    /// <summary>Erase what another has said.</summary>
    DeleteAny,

    /// <summary>Give the room another title, topic, data.</summary>
    EditRoom,

    /// <summary>Open the room to all, or close it; set what members are shown, and what which role may.</summary>
    SetRoom,

    /// <summary>Add somebody, remove somebody of a lesser role, give another lesser role.</summary>
    Members,

    /// <summary>Be a member no more.</summary>
    Leave,
}

/// <summary>What the actions are called on the wire, and the least role for each.</summary>
internal static class RoomActions
{
    public static IReadOnlyList<RoomAction> All { get; } = Enum.GetValues<RoomAction>();

    /// <summary>Where a room has no setting of its own.</summary>
    public static Role LeastRole(RoomAction action) => action switch
    {
        RoomAction.Join or RoomAction.Read or RoomAction.Leave => Role.Guest,
        RoomAction.Send or RoomAction.Signal or RoomAction.Edit or RoomAction.Delete => Role.Guest,
        RoomAction.DeleteAny or RoomAction.EditRoom or RoomAction.Members => Role.Moderator,
        RoomAction.SetRoom => Role.Owner,
        _ => throw new ArgumentOutOfRangeException(nameof(action), action, "An action without a least role."),
    };

    /// <summary>Whether a room may have a setting of its own: not of what makes it a room, nor of what could lock its owners out.</summary>
    public static bool IsSetByRoom(RoomAction action) => action is
        RoomAction.Send or RoomAction.Signal or RoomAction.DeleteAny or RoomAction.EditRoom or RoomAction.Members;
}
