using System.Buffers;

namespace Skald.Protocol;

/// <summary>The sender's own name for a message, 8–64 of <c>A–Z a–z 0–9 _ -</c>: it makes a send idempotent.</summary>
public static class ClientMessageId
{
    public const int MinLength = 8;
    public const int MaxLength = 64;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    public static bool IsValid(ReadOnlySpan<char> id) => id.Length is >= MinLength and <= MaxLength && !id.ContainsAnyExcept(Allowed);
}
