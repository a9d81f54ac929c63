namespace Skald.Server.Accounts;

/// <summary>The body of a login.</summary>
/// <param name="Username">In any case.</param>
/// <param name="Password">At most {Accounts:PasswordMaxLength} characters.</param>
internal sealed record LoginRequest(string Username, string Password)
{
    public static LoginRequest From(RequestFields fields, AccountsOptions options)
    {
        var request = new LoginRequest(fields.Required("username").Trim(), fields.Required("password"));
        if (PasswordRule.CheckAny(request.Password, options) is { } problem)
            fields.Refuse("password", problem);
        return request;
    }
}
