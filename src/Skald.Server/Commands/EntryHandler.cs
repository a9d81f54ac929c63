using Skald.Protocol;
using Skald.Server.Rooms;

namespace Skald.Server.Commands;

/// <summary>What all commands do whose outcome is an entry: find the room, and send a draft on its way.</summary>
/// <remarks>Nothing waits but for a room's first use: so a caller's entries keep their order in each room.</remarks>
internal abstract class EntryHandler<TCommand>(RoomAccess rooms, MessagePipeline pipeline, RoomAction action) : CommandHandler<TCommand>
    where TCommand : EntryCommand
{
    protected override async ValueTask HandleAsync(Caller caller, TCommand command)
    {
        if ((await rooms.FindAsync(caller.User, command.Room, action)).TryGet(out var room, out var refusal))
            await pipeline.PublishAsync(new CommandDraft(caller, room, command));
        else
            caller.Refuse(command.Id, refusal);
    }
}
