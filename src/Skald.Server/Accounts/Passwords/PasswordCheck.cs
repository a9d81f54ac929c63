using Skald.Protocol;

namespace Skald.Server.Accounts.Passwords;

/// <summary>
/// Whether somebody knows an account's password: every attempt counts at the throttle, is verified on the hashing threads, and takes
/// as long for an account that does not exist.
/// </summary>
internal sealed partial class PasswordCheck(PasswordHasher hasher, ILoginThrottle throttle, ILogger<PasswordCheck> logger)
{
    /// <param name="key">Whose failures this attempt is counted with.</param>
    /// <param name="password">Of a length that <see cref="PasswordRule"/> allows.</param>
    /// <param name="find">Looks the account up. Not called where the attempt has to wait, so that such a one costs no query.</param>
    /// <param name="tooMany">The answer to an attempt that has to wait; how long is added.</param>
    /// <param name="wrong">The answer to a wrong password, an unknown account and a disabled one.</param>
    public async Task<Outcome<Account>> VerifyAsync(
        string key, string password, Func<Task<Account?>> find, ChatError tooMany, ChatError wrong)
    {
        if (await throttle.BeginAsync(key) is var wait && wait > TimeSpan.Zero)
            return tooMany with { RetryAfter = wait };

        var account = await find();
        if (!hasher.TryVerify(password, account?.PasswordHash, out var verifying))
        {
            await throttle.WithdrawAsync(key);
            return PasswordHasher.Overloaded;
        }

        if (!await verifying || account is not { IsActive: true })
        {
            if (account is not null && hasher.WhyNever(account.PasswordHash) is { } algorithm)
                Log.NotVerifiable(logger, account.Id, algorithm);
            return wrong;
        }

        await throttle.SucceedAsync(key);
        return account;
    }

    private static partial class Log
    {
        [LoggerMessage(
            1021, LogLevel.Warning,
            "The password of user {UserId} cannot be verified: its hash is of {Algorithm}. Give the user another with skald users reset")]
        public static partial void NotVerifiable(ILogger logger, long userId, string algorithm);
    }
}
