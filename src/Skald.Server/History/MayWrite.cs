using Skald.Protocol;
using Skald.Server.Database;
using Skald.Server.Rooms;

namespace Skald.Server.History;

/// <summary>Whether the sender may still do this in the room, whatever door the draft came through.</summary>
internal sealed class MayWrite(RoomAuthorizer authorizer, RoomDirectory rooms) : IDraftCheck
{
    public static RoomAction ActionOf(EntryCommand command) => command switch
    {
        SendCommand => RoomAction.Send,
        EditCommand => RoomAction.Edit,
        DeleteCommand => RoomAction.Delete,
        MembersCommand { Op: MembersOp.Leave } => RoomAction.Leave,
        MembersCommand => RoomAction.Members,
        RoomCommand => RoomAction.EditRoom,
        _ => throw new ArgumentOutOfRangeException(nameof(command), command, "A command without an action."),
    };

    /// <remarks>
    /// What is refused may repeat what is stored, since rights end: the log knows (P-10). Who has ended their session is refused
    /// whatever is stored.
    /// </remarks>
    public async ValueTask<ChatError?> CheckAsync(Draft draft)
    {
        if (authorizer.CheckSession(draft.Sender) is { } ended)
            return ended;
        try
        {
            if (draft.RefusedBy(draft.Room.State ?? await rooms.LearnAsync(draft.Room)) is null)
                return null;
            if (draft.RefusedBy(await rooms.LearnNewestAsync(draft.Room)) is not { } refusal)
                return null;
            if (draft.ClientMessageId is null)
                return refusal;
            draft.RefuseUnlessStored(refusal);
            return null;
        }
        catch (StorageException e)
        {
            return e.Error;
        }
    }
}
