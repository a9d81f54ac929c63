using Skald.Protocol;

namespace Skald.Server.Connections;

internal sealed class JoinHandler(RoomEntrance entrance) : SessionHandler<JoinCommand>
{
    protected override ValueTask HandleAsync(SocketCaller caller, JoinCommand command) =>
        entrance.JoinAsync(caller, command, tell: command.Id.Wanted);
}
