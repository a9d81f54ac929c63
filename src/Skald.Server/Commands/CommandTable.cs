using System.Collections.Frozen;
using Skald.Protocol;

namespace Skald.Server.Commands;

/// <summary>Which handler does what a command says: of all that folders have registered.</summary>
internal sealed class CommandTable(IEnumerable<CommandHandler> handlers)
{
    private readonly FrozenDictionary<Type, CommandHandler> _handlers = handlers.ToFrozenDictionary(handler => handler.Command);

    /// <exception cref="KeyNotFoundException">Nobody handles such a command: a fault of this server, and a test's to find.</exception>
    public ValueTask RunAsync(Caller caller, ClientCommand command) => _handlers[command.GetType()].HandleAsync(caller, command);

    /// <summary>Whether anybody handles such a command.</summary>
    public bool Knows(Type command) => _handlers.ContainsKey(command);
}
