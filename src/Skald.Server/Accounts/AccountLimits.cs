using System.ComponentModel.DataAnnotations;
using Skald.Server.Limits;

namespace Skald.Server.Accounts;

/// <summary>Limits of logins and registrations.</summary>
public sealed class AccountLimits
{
    /// <summary>
    /// Failed logins of one account in <see cref="LoginFailureWindow"/> before each further one waits, twice as long each time.
    /// </summary>
    [Range(0, 1_000_000)]
    [OffAtZero]
    [Beyond("rate_limited")]
    public int LoginFailures { get; set; } = 5;

    /// <summary>How long a failed login counts, and the longest wait that follows from it.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan LoginFailureWindow { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Login attempts a minute from one address.</summary>
    [Range(0, 1_000_000)]
    [OffAtZero]
    [Beyond("rate_limited")]
    public int LoginsPerAddressPerMinute { get; set; } = 20;

    /// <summary>Registrations a second from one address.</summary>
    [Range(0, 1_000_000)]
    [OffAtZero]
    [Beyond("rate_limited")]
    public double RegistersPerAddressPerSecond { get; set; } = 0.17;

    /// <summary>Registrations that one address may make at once before its rate counts.</summary>
    [Range(0, 1_000_000)]
    [Beyond("rate_limited")]
    public int RegisterBurst { get; set; } = 3;

    /// <summary>Logins and registrations that may wait for a hashing thread.</summary>
    [Range(1, 1_000_000)]
    [Beyond("overloaded")]
    public int PasswordHashQueue { get; set; } = 16;
}
