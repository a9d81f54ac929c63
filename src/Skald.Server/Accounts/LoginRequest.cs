using Skald.Server.Accounts.Passwords;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Http;

namespace Skald.Server.Accounts;

/// <summary>The body of a login.</summary>
/// <param name="Username">In any case.</param>
/// <param name="Password">At most {Accounts:PasswordMaxLength} characters.</param>
/// <param name="Keep"><c>cookie</c> keeps the refresh token in a cookie that no script can read, instead of the answer.</param>
internal sealed record LoginRequest(string Username, string Password, string? Keep = null)
{
    public static LoginRequest From(RequestFields fields, AccountsOptions options)
    {
        var request = new LoginRequest(fields.Required("username").Trim(), fields.Required("password"), RefreshCookie.Asked(fields));
        if (PasswordRule.CheckAny(request.Password, options) is { } problem)
            fields.Refuse("password", problem);
        return request;
    }
}
