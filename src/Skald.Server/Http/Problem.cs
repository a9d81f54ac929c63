using System.ComponentModel.DataAnnotations;

namespace Skald.Server.Http;

/// <summary>
/// A refusal, as RFC 9457 has them. What to do about it follows from code, which never changes; the sentences are for people, and may.
/// </summary>
/// <remarks>For the OpenAPI document alone: what is sent is written by <see cref="Problems"/>.</remarks>
/// <param name="Title">The status in words.</param>
/// <param name="Status">The answer's status.</param>
/// <param name="Detail">A sentence for the developer that says what to change.</param>
/// <param name="Code">The stable name of the refusal. More may come: take one that you do not know by its status.</param>
/// <param name="Room">The room concerned, where it is one.</param>
/// <param name="RetryAfterMs">Milliseconds to wait before trying again, where that is known.</param>
/// <param name="Errors">With validation_failed: what is wrong, by field.</param>
internal sealed record Problem(
    string Title,
    [property: Range(400, 599)] int Status,
    string Detail,
    [property: KnownCode] string Code,
    string? Room = null,
    [property: Range(0, int.MaxValue)] long? RetryAfterMs = null,
    IReadOnlyDictionary<string, string[]>? Errors = null);

/// <summary>Marks the text that is one of <see cref="Protocol.ErrorCode.All"/>, or one that a newer server knows.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class KnownCodeAttribute : Attribute;
