using Skald.Protocol;

namespace Skald.Server.Connections;

/// <summary>Each room is joined or refused by itself: one that is refused does not hold up the next.</summary>
internal sealed class ResumeHandler(RoomEntrance entrance) : SessionHandler<ResumeCommand>
{
    protected override async ValueTask HandleAsync(SocketCaller caller, ResumeCommand command)
    {
        foreach (var (room, seq) in command.Rooms)
            await entrance.JoinAsync(caller, new JoinCommand(command.Id, room, seq, command.Epoch), tell: command.Id.Wanted);
    }
}
