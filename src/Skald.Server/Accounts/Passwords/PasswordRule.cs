
namespace Skald.Server.Accounts.Passwords;

/// <summary>
/// The rule for new passwords: a length in code points and nothing else, as NIST SP 800-63B advises and the Django project's
/// <c>12345678</c> needs.
/// </summary>
internal static class PasswordRule
{
    /// <returns>What is wrong, or null.</returns>
    public static string? CheckNew(string password, AccountsOptions options) =>
        CodePoints(password) < options.PasswordMinLength
            ? $"Ensure this field has at least {options.PasswordMinLength} characters."
            : CheckAny(password, options);

    /// <summary>The rule for a password that is only compared: too long is refused before any hashing .</summary>
    /// <returns>What is wrong, or null.</returns>
    public static string? CheckAny(string password, AccountsOptions options) =>
        CodePoints(password) > options.PasswordMaxLength
            ? $"Ensure this field has no more than {options.PasswordMaxLength} characters."
            : null;

    private static int CodePoints(string text)
    {
        var count = 0;
        foreach (var _ in text.EnumerateRunes())
            count++;
        return count;
    }
}
