using System.Buffers;
using System.Security.Cryptography;

namespace Skald.Protocol;

/// <summary>
/// A room's name, which is its address for ever: 1–100 of <c>A–Z a–z 0–9 _ -</c>. Case matters. One with a dot is the server's own:
/// <c>p.</c> and 16 of <c>a–z 0–9</c>, drawn at random, so that a private room's name can neither be guessed nor tried by making it.
/// </summary>
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

    /// <summary>What any room's name looks like, as a regular expression.</summary>
    public const string Pattern = @"^([A-Za-z0-9_-]{1,100}|p\.[a-z0-9]{16})$";

    private const string PrivatePrefix = "p.", PrivateLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
    private const int PrivateLength = 16;

    private static readonly SearchValues<char> AllowedPrivate = SearchValues.Create(PrivateLetters);

    /// <summary>Whether a room may have this name, or has.</summary>
    public static bool IsValid(ReadOnlySpan<char> name) => IsFree(name) || IsPrivate(name);

    /// <summary>Whether a user may give a room this name.</summary>
    public static bool IsFree(ReadOnlySpan<char> name) => name.Length is > 0 and <= MaxLength && !name.ContainsAnyExcept(Allowed);

    /// <summary>A name for a private room: 82 bits of chance.</summary>
    public static string NewPrivate() => PrivatePrefix + RandomNumberGenerator.GetString(PrivateLetters, PrivateLength);

    private static bool IsPrivate(ReadOnlySpan<char> name) =>
        name.Length == PrivatePrefix.Length + PrivateLength && name.StartsWith(PrivatePrefix)
        && !name[PrivatePrefix.Length..].ContainsAnyExcept(AllowedPrivate);
}
