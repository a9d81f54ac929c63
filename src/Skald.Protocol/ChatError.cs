namespace Skald.Protocol;

/// <summary>One refusal, whatever carries it: an <c>error</c> frame, problem details, or the reason of a close.</summary>
/// <param name="Code">The stable name.</param>
/// <param name="Detail">A sentence for the developer that says what to change. Never the text of an exception.</param>
public sealed record ChatError(ErrorCode Code, string Detail)
{
    /// <summary>The room concerned, where it is one.</summary>
    public string? Room { get; init; }

    /// <summary>How long to wait before trying again, where that is known.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The message as it is, for <see cref="ErrorCode.EditConflict"/>: JSON in UTF-8.</summary>
    public byte[]? Now { get; init; }

    /// <summary>The sentences by field, for <see cref="ErrorCode.ValidationFailed"/>.</summary>
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }
}
