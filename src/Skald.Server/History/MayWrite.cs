using Skald.Protocol;
using Skald.Server.Rooms;

namespace Skald.Server.History;

/// <summary>Whether the sender may still do this in the room, whatever door the draft came through.</summary>
internal sealed class MayWrite(RoomAuthorizer authorizer) : IDraftCheck
{
    public ValueTask<ChatError?> CheckAsync(Draft draft) =>
        new(authorizer.Check(draft.Sender, draft.Room, draft.Kind == EntryKind.Message ? RoomAction.Send : RoomAction.Change));
}
