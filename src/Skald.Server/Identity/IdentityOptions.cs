using System.ComponentModel.DataAnnotations;
using Skald.Server.Settings;

namespace Skald.Server.Identity;

/// <summary>What of the section <c>Accounts</c> is about who asks: names of the token issuer, its keys, lives of its credentials.</summary>
[Section("Accounts")]
public sealed class IdentityOptions : IValidatableObject
{
    /// <summary>
    /// The <c>iss</c> of access tokens; one of another issuer is refused. Give two deployments that share a key two names.
    /// </summary>
    [Required]
    public string Issuer { get; set; } = "skald";

    /// <summary>The <c>aud</c> of access tokens; one for another audience is refused.</summary>
    [Required]
    public string Audience { get; set; } = "skald";

    /// <summary>
    /// How long an access token works: 5 minutes, as in the Django project. A revoked session's token stops at once, whatever this
    /// says.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")]
    public TimeSpan AccessLifetime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a socket ticket waits to be used: 30 s, enough for a handshake on a bad line.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan TicketLifetime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Base64 of at least 32 random bytes (<c>openssl rand -base64 32</c>): signs tokens instead of the key file in the data directory.
    /// Null, the default, uses that file, which is made at first start. For an environment that keeps secrets for its programs.
    /// </summary>
    public string? SigningKey { get; set; }

    /// <summary>
    /// The <see cref="SigningKey"/> before the present one: still verifies, no longer signs. While several nodes change theirs one after
    /// the other, first the next one. Null when the key was never changed.
    /// </summary>
    public string? PreviousSigningKey { get; set; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (PreviousSigningKey is not null && SigningKey is null)
            yield return new("Accounts:PreviousSigningKey goes with Accounts:SigningKey; keys of the key file are kept in that file.");
    }
}
