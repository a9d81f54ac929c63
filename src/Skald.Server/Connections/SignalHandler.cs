using Skald.Protocol;
using Skald.Server.Delivery;
using Skald.Server.Limits;
using Skald.Server.Rooms;

namespace Skald.Server.Connections;

internal sealed class SignalHandler(RoomAuthorizer authorizer, SignalFanOut signals) : SessionHandler<SignalCommand>
{
    private static readonly ChatError NotJoined = new(ErrorCode.NotJoined, "Join the room first: only who is in it sends signals there.");

    protected override ValueTask HandleAsync(SocketCaller caller, SignalCommand command)
    {
        if (Pass(caller, command) is { } refusal)
            caller.Refuse(command.Id, refusal with { Room = command.Room });
        else if (command.Id.Wanted)
            caller.Connection.Answer(new SignaledFrame(command.Id, command.Room));
        return ValueTask.CompletedTask;
    }

    /// <returns>Why it was not passed on, or null.</returns>
    private ChatError? Pass(SocketCaller caller, SignalCommand command)
    {
        var (connection, user) = (caller.Connection, caller.User);
        if (connection.Outbound.Find(command.Room) is not { } subscription)
            return NotJoined;
        if (authorizer.Check(user, subscription.Room, RoomAction.Signal) is { } refusal)
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
