namespace Skald.Server.Operations;

/// <summary>
/// A command of the program that was not done; nothing was changed. The message is for the operator, and says what to change.
/// </summary>
internal sealed class CommandRefusedException(string message, Exception? cause = null) : Exception(message, cause);
