using Skald.Protocol;

namespace Skald.Server.Operations;

/// <summary>The storage refused: nothing of the write is kept, and trying again is safe.</summary>
/// <param name="code">One of <see cref="ErrorCode.StorageFull"/>, <see cref="ErrorCode.StorageFailed"/>, <see cref="ErrorCode.Overloaded"/>.</param>
/// <param name="cause">For the log; it never reaches a client.</param>
internal sealed class StorageException(ErrorCode code, Exception? cause = null) : Exception(code.Name, cause)
{
    public ChatError Error { get; } = new(code, Sentence(code));

    private static string Sentence(ErrorCode code) =>
        code == ErrorCode.StorageFull ? "The server's disk is full; nothing was stored. Try again later."
        : code == ErrorCode.Overloaded ? "The server has more to store than it can take; nothing was stored. Try again."
        : "The server cannot store now; nothing was stored. Try again later.";
}
