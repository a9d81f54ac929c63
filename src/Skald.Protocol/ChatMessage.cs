namespace Skald.Protocol;

/// <summary>A stored message as it is now, with every change that the log holds of it: one shape on sockets, in history and on disk.</summary>
/// <remarks>Texts are spans of UTF-8 that somebody else owns, valid for the call: no string is made of a message on its way.
/// The names among them follow rules that leave nothing to escape in JSON; the text may be anything.</remarks>
public readonly ref struct ChatMessage
{
    private readonly long _version;

    public required string Room { get; init; }

    /// <summary>The place in the room's log, and the message's name for ever. A number once given is never given again.</summary>
    public required long Seq { get; init; }

    public required ReadOnlySpan<byte> Username { get; init; }

    /// <summary>Empty where it is deleted.</summary>
    public required ReadOnlySpan<byte> Text { get; init; }

    /// <summary>When it was sent.</summary>
    public required Timestamp Timestamp { get; init; }

    /// <summary>Empty where the sender gave none.</summary>
    public ReadOnlySpan<byte> ClientMessageId { get; init; }

    /// <summary>The <c>seq</c> of the last entry that changed it; its own while none has.</summary>
    public long Version
    {
        get => _version == 0 ? Seq : _version;
        init => _version = value;
    }

    /// <summary>The <c>seq</c> of the entry that gave it this text; 0 where it is the first.</summary>
    public long TextVersion { get; init; }

    /// <summary>When it got this text; means nothing where <see cref="TextVersion"/> is 0.</summary>
    public Timestamp EditedAt { get; init; }

    /// <summary>Who deleted it; empty where nobody has.</summary>
    public ReadOnlySpan<byte> DeletedBy { get; init; }

    /// <summary>When it was deleted; means nothing where nobody has.</summary>
    public Timestamp DeletedAt { get; init; }

    public bool IsDeleted => !DeletedBy.IsEmpty;
}
