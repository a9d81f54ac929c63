using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Skald.Server.Identity;

namespace Skald.Server.Accounts;

/// <summary>
/// The section <c>Accounts</c>, but for <see cref="IdentityOptions"/>: who makes accounts, lives of sessions, cost of passwords.
/// </summary>
public sealed class AccountsOptions : IValidatableObject
{
    /// <summary>Below this a stolen database is cheap to try passwords on (OWASP Password Storage, 2023, for PBKDF2-HMAC-SHA256).</summary>
    internal const int SoundPasswordIterations = 600_000;

    /// <summary>NIST SP 800-63B, section 5.1.1.1.</summary>
    internal const int SoundPasswordLength = 8;

    private const string Open = "open", Closed = "closed";

    /// <summary>
    /// How long a session lives after its last refresh: 1 day, as in the Django project. At least
    /// <see cref="IdentityOptions.AccessLifetime"/>.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:10", "365.00:00:00")]
    public TimeSpan RefreshLifetime { get; set; } = TimeSpan.FromDays(1);

    /// <summary>
    /// How long a used refresh token still yields the same successor, for a client whose answer was lost: 60 s, several times what a
    /// client waits for one answer. Later it is taken for stolen and ends the session. 0 takes every second use for theft.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan RefreshGrace { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Whether each refresh gives a new refresh token and uses the old one up. Off, for front ends that keep the first one (SimpleJWT's
    /// default): a session ends <see cref="RefreshLifetime"/> after its login, used or not, and a stolen token works until then without
    /// anybody noticing.
    /// </summary>
    public bool RotateRefreshTokens { get; set; } = true;

    /// <summary>
    /// Who makes accounts. <c>open</c>: everybody, at <c>/api/register/</c>. <c>closed</c>: the operator, with <c>skald users
    /// create</c>; the route answers <c>registration_closed</c>.
    /// </summary>
    public string Registration { get; set; } = Open;

    /// <summary>
    /// PBKDF2 rounds of a new password hash: 600,000, some 0.2 s of a core. Raising it upgrades each account at its next login;
    /// below the default the server warns at start and each hour.
    /// </summary>
    [Range(1, 100_000_000)]
    public int PasswordIterations { get; set; } = SoundPasswordIterations;

    /// <summary>
    /// Shortest new password, in Unicode code points. Older, shorter ones keep working. 6 for front ends that let a user choose so few.
    /// </summary>
    [Range(1, 128)]
    public int PasswordMinLength { get; set; } = SoundPasswordLength;

    /// <summary>Longest password that is hashed at all, in Unicode code points: 128, so that a long one is no way to burn time.</summary>
    [Range(64, 4_096)]
    public int PasswordMaxLength { get; set; } = 128;

    internal bool RegistrationIsClosed => string.Equals(Registration, Closed, StringComparison.OrdinalIgnoreCase);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!RegistrationIsClosed && !string.Equals(Registration, Open, StringComparison.OrdinalIgnoreCase))
            yield return new($"Accounts:Registration is \"{Registration}\". Write open or closed.");
        if (validationContext.GetService<IOptions<IdentityOptions>>() is { } identity && RefreshLifetime < identity.Value.AccessLifetime)
            yield return new("Accounts:RefreshLifetime must be at least Accounts:AccessLifetime, or a token would outlive its session.");
        if (PasswordMaxLength < PasswordMinLength)
            yield return new("Accounts:PasswordMaxLength must be at least Accounts:PasswordMinLength.");
    }
}
