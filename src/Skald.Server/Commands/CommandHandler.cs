using Skald.Protocol;

namespace Skald.Server.Commands;

/// <summary>What one command does. One object for all callers.</summary>
internal abstract class CommandHandler
{
    /// <summary>The class of the command.</summary>
    public abstract Type Command { get; }

    /// <summary>Does what the command says. Commands of one caller come one after the other.</summary>
    public abstract ValueTask HandleAsync(Caller caller, ClientCommand command);
}

/// <inheritdoc cref="CommandHandler"/>
internal abstract class CommandHandler<TCommand> : CommandHandler
    where TCommand : ClientCommand
{
    public sealed override Type Command => typeof(TCommand);

    public sealed override ValueTask HandleAsync(Caller caller, ClientCommand command) => HandleAsync(caller, (TCommand)command);

    protected abstract ValueTask HandleAsync(Caller caller, TCommand command);
}
