using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Accounts.Passwords;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Http;
using Skald.Server.Limits;

namespace Skald.Server.Accounts;

/// <summary>What needs no token: register and its rules, login, refresh.</summary>
internal static class SignInEndpoints
{
    private const string PairExample = """{"access":"eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJ1c2VyX2lkIjoiNyJ9.kJ0","refresh":"AAs3_hVqJ8kAAAAB0WmFzZTY0dXJsIGV4YW1wbGUgb2YgYSB0b2tlbg"}""";

    private static readonly ChatError NotReadable = new(ErrorCode.Malformed, "The body cannot be read.");
    private static readonly ChatError TooMany =
        new(ErrorCode.RateLimited, "Too many logins from this address.") { RetryAfter = TimeSpan.FromSeconds(3) };

    public static void MapSignIn(this IEndpointRouteBuilder api)
    {
        api.MapGet("/registration", GetRegistration)
            .Describes("Accounts", "getRegistration", "May one register here, and with which passwords?")
            .WithDescription(
                "What a form shows before anybody has filled it in. New passwords in /api/me/password/ follow the same rule. " +
                "A browser that finds this server below another path than \"path\" gets no cookie back: do not ask it to keep one.")
            .Gives(StatusCodes.Status200OK, """{"open":true,"password_min_length":8,"password_max_length":128,"path":"/"}""")
            .Produces(StatusCodes.Status431RequestHeaderFieldsTooLarge);

        api.MapPost("/register", RegisterAsync)
            .Describes("Accounts", "register", "Make an account")
            .WithDescription("The body may be a form too. Answers every bad field at once under errors. A name is unique without case.")
            .Takes<RegisterRequest>("""{"username":"testuser","email":"test@test.com","password":"12345678"}""", forms: true)
            .Gives(StatusCodes.Status201Created, """{"id":7,"username":"testuser","email":"test@test.com"}""")
            .Refuses(EndpointDocs.Invalid("username", Registration.Taken), Registration.Closed, Problems.TooLarge, Problems.WrongType,
                TooMany with { Detail = "Too many registrations from this address." }, PasswordHasher.Overloaded);

        api.MapPost("/login", LoginAsync)
            .Describes("Accounts", "login", "Begin a session")
            .WithDescription("The body may be a form too. The refusal of a wrong password and of an unknown name are one and the same. " +
                "After {Limits:LoginFailures} failures each further attempt at a name has to wait. A page of this origin that says \"keep\": \"cookie\", in JSON, " +
                "gets the refresh token as a cookie that no script can read, and it is not in the answer.")
            .Takes<LoginRequest>("""{"username":"testuser","password":"12345678"}""", forms: true)
            .Gives(StatusCodes.Status200OK, PairExample)
            .Refuses(
                EndpointDocs.Invalid("password", "This field is required."),
                Login.Refused,
                RefreshCookie.Foreign,
                Problems.TooLarge,
                Problems.WrongType,
                TooMany,
                PasswordHasher.Overloaded);

        api.MapPost("/token/refresh", RefreshAsync)
            .Describes("Accounts", "refreshTokens", "Exchange a refresh token for a new pair")
            .WithDescription("The old refresh token is used up. Presented again within {Accounts:RefreshGrace} it yields the same successor, because the first answer " +
                "may have been lost; later it ends the session. Without a token in the body it is the cookie's, and so is the next one.")
            .Takes<RefreshRequest>("""{"refresh":"AAs3_hVqJ8kAAAAB0WmFzZTY0dXJsIGV4YW1wbGUgb2YgYSB0b2tlbg"}""")
            .Gives(StatusCodes.Status200OK, PairExample)
            .Refuses(
                NotReadable,
                SessionLifecycle.RefreshRefused,
                RefreshCookie.Foreign,
                Problems.TooLarge,
                Problems.WrongType,
                EndpointDocs.StorageFailed);
    }

    private static Ok<RegistrationView> GetRegistration(HttpRequest request, IOptions<AccountsOptions> options) =>
        TypedResults.Ok(new RegistrationView(
        !options.Value.RegistrationIsClosed,
        options.Value.PasswordMinLength,
        options.Value.PasswordMaxLength,
        RefreshCookie.ServerPath(request).Add("/").ToString()));

    private static async Task<Results<Created<RegisteredView>, ProblemHttpResult>> RegisterAsync(
        HttpContext context, Registration registration, IOptions<AccountsOptions> options, CancellationToken ct)
    {
        if (options.Value.RegistrationIsClosed)
            return Registration.Closed.ToProblem();
        var body = await RequestFields.ReadAsync(context.Request, forms: true, ct);
        if (!body.TryGet(out var fields, out var unreadable))
            return unreadable.ToProblem();
        var request = RegisterRequest.From(fields, options.Value);
        if (fields.Error is not null && await registration.IsTakenAsync(request.Username, ClientAddress.Of(context)))
            fields.Refuse("username", Registration.Taken);
        if (fields.Error is { } invalid)
            return invalid.ToProblem();

        var outcome = await registration.RegisterAsync(request, ClientAddress.Of(context));
        return outcome.TryGet(out var account, out var error)
            ? TypedResults.Created((string?)null, new RegisteredView(account.Id, account.Username, account.Email))
            : error.ToProblem();
    }

    private static async Task<Results<Ok<TokenView>, ProblemHttpResult>> LoginAsync(
        HttpContext context, Login login, RefreshCookie cookie, IOptions<AccountsOptions> options, CancellationToken ct)
    {
        var body = await RequestFields.ReadAsync<LoginRequest>(
            context.Request, forms: true, fields => LoginRequest.From(fields, options.Value), ct);
        if (!body.TryGet(out var request, out var unreadable))
            return unreadable.ToProblem();
        var inCookie = request.Keep is not null;
        if (inCookie && RefreshCookie.Check(context.Request) is { } foreign)
            return foreign.ToProblem();

        var outcome = await login.SignInAsync(request, ClientAddress.Of(context), context.Request.Headers.UserAgent.ToString());
        return outcome.TryGet(out var pair, out var error) ? TypedResults.Ok(cookie.Answer(context, pair, inCookie)) : error.ToProblem();
    }

    private static async Task<Results<Ok<TokenView>, ProblemHttpResult>> RefreshAsync(
        HttpContext context, SessionLifecycle sessions, RefreshCookie cookie, CancellationToken ct)
    {
        var body = await RequestFields.ReadAsync(context.Request, forms: false, RefreshRequest.From, ct);
        if (!body.TryGet(out var request, out var unreadable))
            return unreadable.ToProblem();
        var inCookie = request.Keep is not null;
        var kept = request.Refresh is null ? RefreshCookie.Read(context.Request) : null;
        var token = request.Refresh ?? kept;
        if (token is null && !inCookie)
            return RefreshRequest.NoToken.ToProblem();

        // A token that came out of the cookie never goes into a body, where a script could read it.
        inCookie |= kept is not null;
        if (inCookie && RefreshCookie.Check(context.Request) is { } foreign)
            return foreign.ToProblem();
        if (token is null)
            return RefreshCookie.Missing.ToProblem();
        var outcome = await sessions.RefreshAsync(token);
        return outcome.TryGet(out var pair, out var error) ? TypedResults.Ok(cookie.Answer(context, pair, inCookie)) : error.ToProblem();
    }
}
