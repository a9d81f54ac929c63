using Skald.Protocol;
using Skald.Server.Commands;
using Skald.Server.History;
using Skald.Server.Identity;

namespace Skald.Server.Connections;

/// <summary>The user of a socket: answers are frames there.</summary>
internal sealed class SocketCaller(Connection connection, CurrentUser user) : Caller(user)
{
    public Connection Connection { get; } = connection;

    public override void Refuse(FrameId id, ChatError error) => Connection.Answer(id, error);

    public override void Complete(Draft draft, ChatError? refusal)
    {
        if (refusal?.Code == ErrorCode.ServerError)
        {
            // An error would say "never stored", which nobody knows. A lost connection says just that.
            Connection.Close(CloseCode.ServerError);
        }
        else if (refusal is not null)
        {
            Refuse(draft.Command.Id, refusal);
        }
        else if (draft.Command.Id.Wanted)
        {
            Connection.Acknowledge(draft.Command.Id, draft.ToStored());
        }
    }

    public override void Flush() => Connection.Outbound.Flush();
}
