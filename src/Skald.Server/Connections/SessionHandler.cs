using Skald.Protocol;
using Skald.Server.Commands;

namespace Skald.Server.Connections;

/// <summary>What a command does that is about its socket: whoever has none is refused.</summary>
internal abstract class SessionHandler<TCommand> : CommandHandler<TCommand>
    where TCommand : ClientCommand
{
    private static readonly ChatError NeedsSocket = new(ErrorCode.BadRequest, "This is said on a socket only.");

    protected sealed override ValueTask HandleAsync(Caller caller, TCommand command)
    {
        if (caller is SocketCaller socket)
            return HandleAsync(socket, command);
        caller.Refuse(command.Id, NeedsSocket);
        return ValueTask.CompletedTask;
    }

    protected abstract ValueTask HandleAsync(SocketCaller caller, TCommand command);
}
