using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Commands;

/// <summary>A draft that a command has made: its caller hears of its end.</summary>
internal sealed class CommandDraft(Caller caller, Room room, EntryCommand command) : Draft(room, caller.User, command)
{
    public override void Complete(ChatError? refusal) => caller.Complete(this, refusal);

    public override void Flush() => caller.Flush();
}
