using Skald.Protocol;

namespace Skald.Server.Connections;

internal sealed class LeaveHandler(RoomEntrance entrance) : SessionHandler<LeaveCommand>
{
    protected override ValueTask HandleAsync(SocketCaller caller, LeaveCommand command)
    {
        entrance.Leave(caller.Connection, command.Room);
        if (command.Id.Wanted)
            caller.Connection.Answer(new LeftFrame(command.Id, command.Room));
        return ValueTask.CompletedTask;
    }
}
