using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Accounts.Passwords;
using Skald.Server.Limits;

namespace Skald.Server.Accounts;

/// <summary>Makes an account. Names are public, so a taken one is said to be taken .</summary>
internal sealed class Registration(AccountStore store, PasswordHasher hasher, IOptions<AccountLimits> limits, TimeProvider clock)
{
    private readonly KeyedRateLimiter<string> _perAddress =
        new(limits.Value.RegistersPerAddressPerSecond, limits.Value.RegisterBurst, clock);

    /// <summary>Looking up a name costs the same, so that a body that is wrong on purpose is no way to ask for names faster.</summary>
    private readonly KeyedRateLimiter<string> _lookUpsPerAddress =
        new(limits.Value.RegistersPerAddressPerSecond, limits.Value.RegisterBurst, clock);

    /// <summary>The refusal of a name that is taken.</summary>
    public const string Taken = "A user with that username already exists.";

    /// <summary>What is answered where the operator alone makes accounts.</summary>
    public static ChatError Closed { get; } = new(
        ErrorCode.RegistrationClosed, "Nobody can register here. Ask whoever runs this server for an account.");

    private static ChatError NameTaken { get; } = new(ErrorCode.ValidationFailed, "Check username: see errors.")
    {
        Errors = new Dictionary<string, string[]>(StringComparer.Ordinal) { ["username"] = [Taken] },
    };

    /// <summary>Whether a name is taken, to be told beside what else is wrong; who asks too often is told no.</summary>
    public async Task<bool> IsTakenAsync(string username, string address) =>
        Username.IsValid(username) && _lookUpsPerAddress.TryTake(address, out _) && await store.FindAccountAsync(username) is not null;

    /// <param name="request">Checked already.</param>
    /// <param name="address">As <see cref="ClientAddress"/> gives it.</param>
    public async Task<Outcome<Account>> RegisterAsync(RegisterRequest request, string address)
    {
        // Before anything that costs or tells: hashing, and whether a name is taken.
        if (!_perAddress.TryTake(address, out var retryAfter))
            return new ChatError(ErrorCode.RateLimited, "Too many registrations from this address.") { RetryAfter = retryAfter };
        if (await store.FindAccountAsync(request.Username) is not null)
            return NameTaken;
        if (!hasher.TryHash(request.Password, out var hashing))
            return PasswordHasher.Overloaded;

        var account = await store.CreateAccountAsync(
            request.Username, request.Email ?? "", await hashing, Timestamp.From(clock.GetUtcNow()));
        return account is not null ? account : NameTaken;
    }
}
