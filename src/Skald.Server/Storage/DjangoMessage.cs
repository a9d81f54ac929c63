using Skald.Protocol;

namespace Skald.Server.Storage;

/// <param name="AuthorId">Null where the author is deleted.</param>
/// <param name="Room">Any text.</param>
/// <param name="Text">Any text.</param>
/// <param name="At">When it was sent.</param>
internal sealed record DjangoMessage(long? AuthorId, string Room, string Text, Timestamp At);
