using Skald.Server.Accounts.Passwords;
using Skald.Server.Http;

namespace Skald.Server.Accounts;

/// <summary>The body of a registration.</summary>
/// <param name="Username">1–150 letters, digits and <c>@.+-_</c>; unique without case.</param>
/// <param name="Password">{Accounts:PasswordMinLength}–{Accounts:PasswordMaxLength} characters.</param>
/// <param name="Email">May be left out.</param>
internal sealed record RegisterRequest(string Username, string Password, string? Email = null)
{
    /// <remarks>Names are trimmed as the Django project trims them; a password is taken as it is.</remarks>
    public static RegisterRequest From(RequestFields fields, AccountsOptions options)
    {
        var request = new RegisterRequest(
            fields.Required("username").Trim(), fields.Required("password"), fields.Optional("email").Trim());
        if (!Accounts.Username.IsValid(request.Username))
            fields.Refuse("username", "Enter a valid username: 1–150 letters, digits and @ . + - _ only.");
        if (PasswordRule.CheckNew(request.Password, options) is { } problem)
            fields.Refuse("password", problem);
        if (request.Email is { Length: > 0 } email && !EmailAddress.IsValid(email))
            fields.Refuse("email", "Enter a valid email address.");
        return request;
    }
}
