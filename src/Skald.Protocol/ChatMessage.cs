namespace Skald.Protocol;

/// <summary>A stored message, as it lies in the log: one shape on sockets, in history and on disk.</summary>
/// <remarks>Texts are spans of UTF-8 that somebody else owns, valid for the call: no string is made of a message on its way.
/// The names among them follow rules that leave nothing to escape in JSON; the text may be anything.</remarks>
public readonly ref struct ChatMessage
{
    public required string Room { get; init; }

    /// <summary>The place in the room's log: 1, 2, 3 … without holes.</summary>
    public required long Seq { get; init; }

    public required ReadOnlySpan<byte> Username { get; init; }

    public required ReadOnlySpan<byte> Text { get; init; }

    public required Timestamp Timestamp { get; init; }

    /// <summary>Empty where the sender gave none.</summary>
    public ReadOnlySpan<byte> ClientMessageId { get; init; }
}
