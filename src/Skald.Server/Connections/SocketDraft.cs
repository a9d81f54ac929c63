using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Connections;

/// <summary>A draft that came over a socket: its end is an ack or an error there.</summary>
internal sealed class SocketDraft(Connection connection, CurrentUser sender, Room room, EntryCommand command) : Draft(room, sender, command)
{
    public override void Complete(ChatError? refusal)
    {
        if (refusal?.Code == ErrorCode.ServerError)
        {
            // An error would say "never stored", which nobody knows. A lost connection says just that.
            connection.Close(CloseCode.ServerError);
        }
        else if (refusal is not null)
        {
            connection.Answer(Command.Id, refusal);
        }
        else if (Command.Id.Wanted)
        {
            connection.Acknowledge(Command.Id, ToStored());
        }
    }

    public override void Flush() => connection.Outbound.Flush();
}
