using Skald.Protocol;

namespace Skald.Server.Connections;

internal sealed class PingHandler : SessionHandler<PingCommand>
{
    protected override ValueTask HandleAsync(SocketCaller caller, PingCommand command)
    {
        if (command.Id.Wanted)
            caller.Connection.Answer(new PongFrame(command.Id));
        return ValueTask.CompletedTask;
    }
}
