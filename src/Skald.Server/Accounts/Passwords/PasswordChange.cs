using System.Globalization;
using Skald.Protocol;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Identity;

namespace Skald.Server.Accounts.Passwords;

/// <summary>Exchanges a password for another and ends every other session .</summary>
internal sealed class PasswordChange(AccountStore store, PasswordCheck passwords, PasswordHasher hasher, SessionLifecycle sessions)
{
    private static readonly ChatError TooMany = new(ErrorCode.RateLimited, "Too many wrong passwords.");

    private static readonly ChatError WrongPassword = new(ErrorCode.ValidationFailed, "Check current_password: see errors.")
    {
        Errors = new Dictionary<string, string[]>(StringComparer.Ordinal)
        {
            [PasswordRequest.CurrentField] = ["This is not the current password."],
        },
    };

    /// <param name="user">Whose password it is, in the session that stays.</param>
    /// <param name="request">Checked already.</param>
    /// <returns>Why not; null when it is done.</returns>
    public async Task<ChatError?> ChangeAsync(CurrentUser user, PasswordRequest request)
    {
        // The key has spaces, which no username has: guesses made here with a stolen token never delay the owner's login.
        var key = string.Create(CultureInfo.InvariantCulture, $"password change of {user.Id}");
        var verified = await passwords.VerifyAsync(
            key, request.CurrentPassword, () => store.FindAccountAsync(user.Id), TooMany, WrongPassword);
        if (!verified.TryGet(out var account, out var refusal))
            return refusal;
        if (!hasher.TryHash(request.NewPassword, out var hashing))
            return PasswordHasher.Overloaded;
        return await sessions.ChangePasswordAsync(account, await hashing, user.SessionId) ? null : WrongPassword;
    }
}
