using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.Commands;
using Skald.Server.Database;
using Skald.Server.Rooms;

namespace Skald.Server.Conversation.Rooms;

/// <summary>Who is in a room: finds the users that are named, and sends the draft on its way, which decides about them.</summary>
internal sealed class MembersHandler(RoomAccess rooms, AccountStore accounts, MessagePipeline pipeline) : CommandHandler<MembersCommand>
{
    protected override async ValueTask HandleAsync(Caller caller, MembersCommand command)
    {
        if (!(await rooms.FindAsync(caller.User, command.Room, RoomAction.Members)).TryGet(out var room, out var refusal))
        {
            caller.Refuse(command.Id, refusal);
            return;
        }

        IReadOnlyList<NamedUser> named;
        try
        {
            named = await accounts.FindUsersAsync(command.Users);
        }
        catch (StorageException e)
        {
            caller.Refuse(command.Id, e.Error with { Room = room.Name });
            return;
        }

        await pipeline.PublishAsync(new CommandDraft(caller, room, command) { Named = named });
    }
}
