using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Connections;

/// <summary>A message that came over a socket: its end is an ack or an error there.</summary>
internal sealed class SocketDraft(Connection connection, CurrentUser sender, Room room, SendCommand command)
    : Draft(room, sender, command.Text, command.ClientMessageId)
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
            connection.Answer(command.Id, refusal);
        }
        else if (command.Id.Wanted)
        {
            Span<byte> scratch = stackalloc byte[ScratchLength];
            connection.Acknowledge(command.Id, ToMessage(scratch), Duplicate);
        }
    }

    public override void Flush() => connection.Outbound.Flush();
}
