using System.Buffers;

namespace Skald.Server.Accounts;

/// <summary>The rule for names: 1–150 of ASCII letters, digits and <c>@.+-_</c>, so that no two names look alike but by case.</summary>
internal static class Username
{
    public const int MaxLength = 150;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@.+-_");

    public static bool IsValid(string name) => name.Length is > 0 and <= MaxLength && !name.AsSpan().ContainsAnyExcept(Allowed);

    /// <summary>What is unique: the name without case.</summary>
    public static string Key(string name) => name.ToLowerInvariant();

    /// <summary>A name that came from outside, fit for a log line: nothing with control characters passes .</summary>
    public static string ForLog(string name) => IsValid(name) ? name : "(not a name)";
}
