using System.Buffers;

namespace Skald.Protocol;

/// <summary>The name of what a signal tells: 1–64 of <c>A–Z a–z 0–9 _ - . :</c>, the application's choice.</summary>
public static class SignalEvent
{
    public const int MaxLength = 64;

    /// <summary>The refusal of any other name.</summary>
    public static ChatError Refused { get; } = new(
        ErrorCode.BadRequest, "\"event\" must be 1–64 letters, digits, hyphens, underscores, dots or colons.");

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.:");

    public static bool IsValid(ReadOnlySpan<char> name) => name.Length is > 0 and <= MaxLength && !name.ContainsAnyExcept(Allowed);
}
