using Skald.Protocol;

namespace Skald.Server.Accounts;

/// <summary>A user as stored.</summary>
internal sealed class Account
{
    public required long Id { get; init; }

    /// <summary>As it was typed at registration; unique without case, see <see cref="Accounts.Username.Key"/>.</summary>
    public required string Username { get; init; }

    /// <summary>Empty where none was given.</summary>
    public required string Email { get; init; }

    /// <summary>As <see cref="Passwords.PasswordHash"/> reads it.</summary>
    public required string PasswordHash { get; init; }

    public required Timestamp CreatedAt { get; init; }

    public Timestamp? DisabledAt { get; init; }

    /// <summary>
    /// The one check of whether a user may have a credential: asked at login, refresh, password change and ticket.
    /// </summary>
    public bool IsActive => DisabledAt is null;

    public Account WithPasswordHash(string hash) => new()
    {
        Id = Id,
        Username = Username,
        Email = Email,
        PasswordHash = hash,
        CreatedAt = CreatedAt,
        DisabledAt = DisabledAt,
    };
}
