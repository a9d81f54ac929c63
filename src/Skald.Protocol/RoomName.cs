using System.Buffers;

namespace Skald.Protocol;

/// <summary>A room's name: 1–100 of <c>A–Z a–z 0–9 _ -</c>. Case matters.</summary>
/// <remarks>The bound is the Django project's, whose channel layer allows names of at most 100 characters.</remarks>
public static class RoomName
{
    public const int MaxLength = 100;
    public const string Global = "global";

    /// <summary>The refusal of any other name.</summary>
    public static ChatError Refused { get; } = new(
        ErrorCode.RoomNotFound, "A room's name is 1–100 letters, digits, hyphens or underscores.");

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    public static bool IsValid(ReadOnlySpan<char> name) => name.Length is > 0 and <= MaxLength && !name.ContainsAnyExcept(Allowed);
}
