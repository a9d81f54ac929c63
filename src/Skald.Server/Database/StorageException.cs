using Skald.Protocol;

namespace Skald.Server.Database;

/// <summary>The storage refused.</summary>
/// <param name="code">
/// <see cref="ErrorCode.StorageFull"/>, <see cref="ErrorCode.StorageFailed"/> or <see cref="ErrorCode.Overloaded"/>: nothing is kept,
/// and trying again is safe. <see cref="ErrorCode.ServerError"/>: the commit itself failed, and only the next start can tell what is
/// kept.
/// </param>
/// <param name="cause">For the log; it never reaches a client.</param>
internal sealed class StorageException(ErrorCode code, Exception? cause = null) : Exception(code.Name, cause)
{
    public ChatError Error { get; private init; } = new(code, WriteRefused(code));

    /// <summary>
    /// What the operator can do about it, with the place that it is about: for a terminal, never for a client. Null where
    /// <see cref="Error"/> says it all.
    /// </summary>
    public string? Remedy { get; init; }

    /// <summary>A read was refused: nothing was to be stored, and the sentence does not speak of it.</summary>
    public static StorageException OfRead(ErrorCode code, Exception? cause = null) =>
        new(code, cause) { Error = new(code, ReadRefused(code)) };

    private static string WriteRefused(ErrorCode code) =>
        code == ErrorCode.StorageFull ? "The server's disk is full; nothing was stored. Try again later."
        : code == ErrorCode.ServerError ? "Something failed here, and nobody knows whether this was stored. Try again: a send with the same client_msg_id."
        : code == ErrorCode.Overloaded ? "The server has more to store than it can take; nothing was stored. Try again."
        : "The server cannot store now; nothing was stored. Try again later.";

    private static string ReadRefused(ErrorCode code) =>
        code == ErrorCode.Overloaded
            ? "The server has more to read than it can serve at this moment. Try again."
            : "The server cannot read its storage now. Try again later.";
}
