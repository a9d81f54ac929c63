namespace Skald.Protocol;

/// <summary>One number of a room's log: a message, or what was done to one.</summary>
/// <remarks>An entry points at its message and holds nothing of it: what is read is the message as it is by then. So a text lies in one place, and is gone where it is erased.</remarks>
public readonly ref struct LogEntry
{
    public required EntryKind Kind { get; init; }

    /// <summary>The message itself, or, of any other kind, the one it is about, as it is now.</summary>
    public required ChatMessage Message { get; init; }

    /// <summary>The place in the log; of a message its own.</summary>
    public required long Seq { get; init; }

    /// <summary>Who did it, UTF-8; of a message its sender.</summary>
    public ReadOnlySpan<byte> By { get; init; }

    /// <summary>When it was stored.</summary>
    public Timestamp Timestamp { get; init; }

    public static LogEntry Of(ChatMessage message) => new()
    {
        Kind = EntryKind.Message,
        Message = message,
        Seq = message.Seq,
        By = message.Username,
        Timestamp = message.Timestamp,
    };
}

/// <summary>What an entry of a log is. The numbers are those on disk.</summary>
public enum EntryKind
{
    Message = 0,

    /// <summary>A message got another text.</summary>
    Edited = 1,

    /// <summary>A message's text was erased.</summary>
    Deleted = 2,
}
