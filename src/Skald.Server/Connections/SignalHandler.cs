using Skald.Protocol;
using Skald.Server.Delivery;
using Skald.Server.Limits;
using Skald.Server.Rooms;

namespace Skald.Server.Connections;

internal sealed class SignalHandler(RoomAccess rooms, SignalFanOut signals) : SessionHandler<SignalCommand>
{
    private static readonly ChatError NotJoined = new(ErrorCode.NotJoined, "Join the room first: only who is in it sends signals there.");

    protected override async ValueTask HandleAsync(SocketCaller caller, SignalCommand command)
    {
        if (await PassAsync(caller, command) is { } refusal)
            caller.Refuse(command.Id, refusal with { Room = command.Room });
        else if (command.Id.Wanted)
            caller.Connection.Answer(new SignaledFrame(command.Id, command.Room));
    }

    /// <returns>Why it was not passed on, or null.</returns>
    private async ValueTask<ChatError?> PassAsync(SocketCaller caller, SignalCommand command)
    {
        var (connection, user) = (caller.Connection, caller.User);
        if (connection.Outbound.Find(command.Room) is not { Exit: null } subscription)
            return NotJoined;
        if (!(await rooms.EnterAsync(user, command.Room, RoomAction.Signal)).TryGet(out _, out var refusal))
            return refusal;
        if (!connection.TryTakeSignal(out var wait))
            return TokenBucket.Refusal("You send too many signals", wait);
        if (signals.Count(subscription.Feed) is { } tooMany)
            return tooMany;
        var frame = new SignalFrame(command.Room, user.Id, user.Username, command.Event, command.Data);
        signals.Pass(subscription.Feed, AnswerFrame.Write(frame).ToArray());   // a copy: the thread's buffer may be written meanwhile
        return null;
    }
}
