using Skald.Server.Http;

namespace Skald.Server.Accounts.Passwords;

/// <summary>The body of a change of password.</summary>
/// <param name="CurrentPassword">The one that works now.</param>
/// <param name="NewPassword">{Accounts:PasswordMinLength}–{Accounts:PasswordMaxLength} characters.</param>
internal sealed record PasswordRequest(string CurrentPassword, string NewPassword)
{
    public const string CurrentField = "current_password";

    public static PasswordRequest From(RequestFields fields, AccountsOptions options)
    {
        const string NewField = "new_password";
        var request = new PasswordRequest(fields.Required(CurrentField), fields.Required(NewField));
        if (PasswordRule.CheckAny(request.CurrentPassword, options) is { } currentProblem)
            fields.Refuse(CurrentField, currentProblem);
        if (PasswordRule.CheckNew(request.NewPassword, options) is { } newProblem)
            fields.Refuse(NewField, newProblem);
        return request;
    }
}
