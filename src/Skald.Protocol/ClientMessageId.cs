using System.Buffers;

namespace Skald.Protocol;

/// <summary>The sender's own name for a message, 8–64 of <c>A–Z a–z 0–9 _ -</c>: it makes a send idempotent.</summary>
public static class ClientMessageId
{
    public const int MinLength = 8;
    public const int MaxLength = 64;

    /// <summary>The refusal of any other.</summary>
    public static ChatError Refused { get; } = new(
        ErrorCode.BadClientMessageId, "client_msg_id must be 8–64 letters, digits, hyphens or underscores.");

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    public static bool IsValid(ReadOnlySpan<char> id) => id.Length is >= MinLength and <= MaxLength && !id.ContainsAnyExcept(Allowed);
}
