using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Accounts.Passwords;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Database;
using Skald.Server.Http;
using Skald.Server.Identity;

namespace Skald.Server.Accounts;

/// <summary>What a signed-in user does with the own account. The user is always the token's, never a field of the request.</summary>
internal static class MeEndpoints
{
    private static readonly ChatError NoSuchSession = new(ErrorCode.NotFound, "You have no such live session.");

    private static readonly ChatError TooManyTickets =
        new(ErrorCode.RateLimited, "Too many unused tickets. Use one, or wait.") { RetryAfter = TimeSpan.FromSeconds(30) };

    public static void MapMe(this IEndpointRouteBuilder api)
    {
        api.MapPost("/logout", LogoutAsync)
            .Describes("Accounts", "logout", "End this session")
            .WithDescription("Its tokens stop working, its sockets are closed with 4401, and a cookie that kept it is forgotten.")
            .ForUsers();

        api.MapGet("/me", GetAsync)
            .Describes("Accounts", "getMe", "Who am I?").WithDescription("The account of the access token.")
            .Gives(
                StatusCodes.Status200OK,
                """{"id":7,"username":"testuser","email":"test@test.com","created_at":"2026-02-21T16:46:02.123456Z"}""")
            .ForUsers();

        api.MapPost("/me/password", ChangePasswordAsync)
            .Describes("Accounts", "changePassword", "Change the password").WithDescription("Ends all other sessions.")
            .Takes<PasswordRequest>("""{"current_password":"12345678","new_password":"correct horse battery"}""")
            .Refuses(EndpointDocs.Invalid(PasswordRequest.CurrentField, "This is not the current password."),
                Problems.TooLarge,
                Problems.WrongType,
                new ChatError(ErrorCode.RateLimited, "Too many wrong passwords.") { RetryAfter = TimeSpan.FromSeconds(1) })
            .ForUsers();

        api.MapGet("/me/sessions", ListAsync)
            .Describes("Accounts", "listSessions", "List my sessions").WithDescription("The live ones, at most 200, the last used first.")
            .Gives(StatusCodes.Status200OK, """
                [{"id":3151598391342801,"created_at":"2026-02-21T16:46:02.123456Z","last_used_at":"2026-02-21T16:50:57.000001Z",
                "expires_at":"2026-02-22T16:50:57.000001Z","user_agent":"Mozilla/5.0","current":true}]
                """)
            .ForUsers();

        api.MapDelete("/me/sessions/{id:long}", EndOneAsync)
            .Describes("Accounts", "endSession", "End one of my sessions")
            .WithDescription("Its tokens stop working and its sockets are closed with 4401.")
            .TakesNumber("id", 1, long.MaxValue, "Which: an id of the list.")
            .Refuses(NoSuchSession)
            .ForUsers();

        api.MapDelete("/me/sessions", EndAllAsync)
            .Describes("Accounts", "endAllSessions", "End all my sessions").WithDescription("This one too: the way out of everywhere.")
            .ForUsers();

        api.MapPost("/ws-ticket", IssueTicketAsync)
            .Describes("Accounts", "createSocketTicket", "Get a ticket for one socket")
            .WithDescription(
                "Opens one socket as ?ticket=, once, within expires_in seconds: an address with a used ticket is worth nothing in a log.")
            .Gives(StatusCodes.Status200OK, """{"ticket":"q1Vb8nQhM0tqk3m8m1mJ3o4Jt2uQx0aP5k1bq7b0sZs","expires_in":30}""")
            .Refuses(TooManyTickets)
            .ForUsers();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> LogoutAsync(
        HttpContext context, CurrentUser user, SessionLifecycle sessions)
    {
        // Also where the session cannot be ended now: its cookie must not sign in the next person at this browser.
        RefreshCookie.Forget(context);
        try
        {
            await sessions.RevokeAsync(user.Id, user.SessionId);
            return TypedResults.NoContent();
        }
        catch (StorageException refused)
        {
            return refused.Error.ToProblem();
        }
    }

    private static async Task<Results<Ok<MeView>, ProblemHttpResult>> GetAsync(CurrentUser user, AccountStore store) =>
        await store.FindAccountAsync(user.Id) is { IsActive: true } account
            ? TypedResults.Ok(MeView.Of(account))
            : AccessTokens.Refused.ToProblem();

    private static async Task<Results<NoContent, ProblemHttpResult>> ChangePasswordAsync(
        HttpContext context, CurrentUser user, PasswordChange change, IOptions<AccountsOptions> options, CancellationToken ct)
    {
        var body = await RequestFields.ReadAsync<PasswordRequest>(
            context.Request, forms: false, fields => PasswordRequest.From(fields, options.Value), ct);
        if (!body.TryGet(out var request, out var unreadable))
            return unreadable.ToProblem();
        return await change.ChangeAsync(user, request) is { } error ? error.ToProblem() : TypedResults.NoContent();
    }

    private static async Task<Ok<SessionView[]>> ListAsync(CurrentUser user, SessionLifecycle sessions) =>
        TypedResults.Ok((await sessions.ListAsync(user.Id)).Select(session => SessionView.Of(session, user)).ToArray());

    private static async Task<Results<NoContent, ProblemHttpResult>> EndOneAsync(long id, CurrentUser user, SessionLifecycle sessions) =>
        await sessions.RevokeAsync(user.Id, id) ? TypedResults.NoContent() : NoSuchSession.ToProblem();

    private static async Task<NoContent> EndAllAsync(CurrentUser user, SessionLifecycle sessions)
    {
        await sessions.RevokeAllAsync(user.Id);
        return TypedResults.NoContent();
    }

    private static async Task<Results<Ok<TicketView>, ProblemHttpResult>> IssueTicketAsync(
        CurrentUser user, AccountStore store, ISocketTickets tickets, IOptions<IdentityOptions> options)
    {
        if (await store.FindAccountAsync(user.Id) is not { IsActive: true })
            return AccessTokens.Refused.ToProblem();
        return await tickets.IssueAsync(user) is { } ticket
            ? TypedResults.Ok(new TicketView(ticket, (int)options.Value.TicketLifetime.TotalSeconds))
            : (TooManyTickets with { RetryAfter = options.Value.TicketLifetime }).ToProblem();
    }
}
