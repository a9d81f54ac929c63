using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Accounts.Passwords;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Limits;

namespace Skald.Server.Accounts;

/// <summary>Turns a name and a password into a session.</summary>
internal sealed partial class Login(
    AccountStore store,
    PasswordHasher hasher,
    SessionLifecycle sessions,
    PasswordCheck passwords,
    IOptions<AccountLimits> limits,
    TimeProvider clock,
    ILogger<Login> logger)
{
    private readonly KeyedRateLimiter<string> _perAddress =
        new(limits.Value.LoginsPerAddressPerMinute / 60.0, limits.Value.LoginsPerAddressPerMinute, clock);

    /// <summary>The same, byte for byte, for a wrong password, an unknown name and a disabled user .</summary>
    public static ChatError Refused { get; } = new(ErrorCode.InvalidCredentials, "No active account found with the given credentials.");

    private static ChatError TooManyForName { get; } = new(ErrorCode.RateLimited, "Too many failed logins for this name.");

    /// <param name="request">Checked already.</param>
    /// <param name="address">As <see cref="ClientAddress"/> gives it.</param>
    /// <param name="userAgent">What the client calls itself; anything.</param>
    public async Task<Outcome<TokenPair>> SignInAsync(LoginRequest request, string address, string userAgent)
    {
        if (!_perAddress.TryTake(address, out var retryAfter))
            return new ChatError(ErrorCode.RateLimited, "Too many logins from this address.") { RetryAfter = retryAfter };

        var key = ThrottleKey(request.Username);
        var verified = await passwords.VerifyAsync(key, request.Password, () => FindAsync(request.Username), TooManyForName, Refused);
        if (!verified.TryGet(out var account, out var refusal))
        {
            if (refusal.Code == ErrorCode.RateLimited && refusal.RetryAfter is { } wait)
                Log.Delayed(logger, Username.ForLog(request.Username), address, wait);
            return refusal;
        }

        account = await RehashAsync(account, request.Password);
        return await sessions.BeginAsync(account, userAgent) is { } pair ? pair : Refused;
    }

    private async Task<Account?> FindAsync(string name) => Username.IsValid(name) ? await store.FindAccountAsync(name) : null;

    /// <summary>
    /// One name has one counter, in whatever case it comes; what cannot be a name is cut, so that the counters stay small.
    /// </summary>
    private static string ThrottleKey(string name) =>
        Username.IsValid(name) ? Username.Key(name) : name[..Math.Min(name.Length, Username.MaxLength)];

    /// <summary>Brings a hash of older parameters up to date, unless the hashing threads are busy: the next login will do.</summary>
    private async Task<Account> RehashAsync(Account account, string password)
    {
        if (!hasher.IsOutdated(account.PasswordHash) || !hasher.TryHash(password, out var hashing))
            return account;
        var hash = await hashing;
        return await store.RehashPasswordAsync(account.Id, account.PasswordHash, hash) ? account.WithPasswordHash(hash) : account;
    }

    private static partial class Log
    {
        [LoggerMessage(1020, LogLevel.Warning, "Too many failed logins for {Username}: one from {Address} has to wait {RetryAfter}")]
        public static partial void Delayed(ILogger logger, string username, string address, TimeSpan retryAfter);
    }
}
