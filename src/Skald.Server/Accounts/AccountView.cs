using System.Text.Json.Serialization;
using Skald.Protocol;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Identity;

namespace Skald.Server.Accounts;

/// <summary>What a registration answers.</summary>
/// <param name="Id">The user's id.</param>
/// <param name="Username">As it was typed.</param>
/// <param name="Email">Empty where none was given.</param>
internal sealed record RegisteredView(long Id, string Username, string Email);

/// <summary>What people have to know before they have an account.</summary>
/// <param name="Open">Whether everybody may make one; else the operator makes them.</param>
/// <param name="PasswordMinLength">Shortest new password, in Unicode code points.</param>
/// <param name="PasswordMaxLength">Longest password, in Unicode code points.</param>
internal sealed record RegistrationView(bool Open, int PasswordMinLength, int PasswordMaxLength, string Path);

/// <summary>What a login and a refresh answer.</summary>
/// <param name="Access">For <c>Authorization: Bearer</c> and the sockets.</param>
/// <param name="Refresh">Opaque; for the next refresh, once. Left out where the cookie has it.</param>
internal sealed record TokenView(string Access, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Refresh);

/// <summary>The user, to the user.</summary>
/// <param name="Id">The user's id.</param>
/// <param name="Username">As it was typed at registration.</param>
/// <param name="Email">Empty where none was given.</param>
/// <param name="CreatedAt">UTC, microseconds.</param>
internal sealed record MeView(long Id, string Username, string Email, DateTime CreatedAt)
{
    public static MeView Of(Account account) => new(account.Id, account.Username, account.Email, account.CreatedAt.ToUtc());
}

/// <summary>One of the user's sessions. Times are UTC, microseconds.</summary>
/// <param name="Id">For ending it.</param>
/// <param name="CreatedAt">Its login.</param>
/// <param name="LastUsedAt">Its last refresh, or its login.</param>
/// <param name="ExpiresAt">When it ends unless it is refreshed.</param>
/// <param name="UserAgent">What the client called itself at login; never trust it, never render it as markup.</param>
/// <param name="Current">Whether it is the one that asks.</param>
internal sealed record SessionView(
    long Id,
    DateTime CreatedAt,
    DateTime LastUsedAt,
    DateTime ExpiresAt,
    string UserAgent,
    bool Current)
{
    public static SessionView Of(Session session, CurrentUser user) => new(
        session.Id, session.CreatedAt.ToUtc(), session.LastUsedAt.ToUtc(), session.ExpiresAt.ToUtc(), session.UserAgent,
        session.Id == user.SessionId);
}

/// <summary>A ticket for one socket.</summary>
/// <param name="Ticket">For <c>?ticket=</c> of one handshake.</param>
/// <param name="ExpiresIn">Seconds.</param>
internal sealed record TicketView(string Ticket, int ExpiresIn);

file static class Utc
{
    /// <summary>As <see cref="DateTime"/>, because that is written with <c>Z</c>, as all times of the protocol are.</summary>
    public static DateTime ToUtc(this Timestamp moment) => moment.ToDateTimeOffset().UtcDateTime;
}
