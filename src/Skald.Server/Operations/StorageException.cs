using Skald.Protocol;

namespace Skald.Server.Operations;

/// <summary>The storage refused.</summary>
/// <param name="code"><see cref="ErrorCode.StorageFull"/>, <see cref="ErrorCode.StorageFailed"/> or <see cref="ErrorCode.Overloaded"/>: nothing is kept, and trying
/// again is safe. <see cref="ErrorCode.ServerError"/>: the commit itself failed, and only the next start can tell what is kept.</param>
/// <param name="cause">For the log; it never reaches a client.</param>
internal sealed class StorageException(ErrorCode code, Exception? cause = null) : Exception(code.Name, cause)
{
    public ChatError Error { get; } = new(code, Sentence(code));

    private static string Sentence(ErrorCode code) =>
        code == ErrorCode.StorageFull ? "The server's disk is full; nothing was stored. Try again later."
        : code == ErrorCode.ServerError ? "Something failed here, and nobody knows whether this was stored. Send it again with the same client_msg_id."
        : code == ErrorCode.Overloaded ? "The server has more to store than it can take; nothing was stored. Try again."
        : "The server cannot store now; nothing was stored. Try again later.";
}
