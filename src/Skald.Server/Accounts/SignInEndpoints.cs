using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Operations;

namespace Skald.Server.Accounts;

/// <summary>What needs no token: register, login, refresh.</summary>
internal static class SignInEndpoints
{
    private const string PairExample = """{"access":"eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJ1c2VyX2lkIjoiNyJ9.kJ0","refresh":"AAs3_hVqJ8kAAAAB0WmFzZTY0dXJsIGV4YW1wbGUgb2YgYSB0b2tlbg"}""";

    private static readonly ChatError NotReadable = new(ErrorCode.Malformed, "The body cannot be read.");
    private static readonly ChatError TooMany =
        new(ErrorCode.RateLimited, "Too many logins from this address.") { RetryAfter = TimeSpan.FromSeconds(3) };

    public static void MapSignIn(this IEndpointRouteBuilder api)
    {
        api.MapPost("/register", RegisterAsync)
            .WithSummary("Make an account")
            .WithDescription("The body may be a form too. Answers every bad field at once under errors. A name is unique without case.")
            .Takes<RegisterRequest>("""{"username":"testuser","email":"test@test.com","password":"12345678"}""", forms: true)
            .Gives(StatusCodes.Status201Created, """{"id":7,"username":"testuser","email":"test@test.com"}""")
            .Refuses(EndpointDocs.Invalid("username", "A user with that username already exists."), Problems.TooLarge, Problems.WrongType,
                TooMany with { Detail = "Too many registrations from this address." }, PasswordHasher.Overloaded);

        api.MapPost("/login", LoginAsync)
            .WithSummary("Begin a session")
            .WithDescription("The body may be a form too. The refusal of a wrong password and of an unknown name are one and the same. " +
                "After {Limits:LoginFailures} failures each further attempt at a name has to wait.")
            .Takes<LoginRequest>("""{"username":"testuser","password":"12345678"}""", forms: true)
            .Gives(StatusCodes.Status200OK, PairExample)
            .Refuses(EndpointDocs.Invalid("password", "This field is required."), Login.Refused, Problems.TooLarge, Problems.WrongType, TooMany, PasswordHasher.Overloaded);

        api.MapPost("/token/refresh", RefreshAsync)
            .WithSummary("Exchange a refresh token for a new pair")
            .WithDescription("The old refresh token is used up. Presented again within {Accounts:RefreshGrace} it yields the same successor, because the first answer " +
                "may have been lost; later it ends the session.")
            .Takes<RefreshRequest>("""{"refresh":"AAs3_hVqJ8kAAAAB0WmFzZTY0dXJsIGV4YW1wbGUgb2YgYSB0b2tlbg"}""")
            .Gives(StatusCodes.Status200OK, PairExample)
            .Refuses(NotReadable, Sessions.RefreshRefused, Problems.TooLarge, Problems.WrongType, EndpointDocs.StorageFailed);
    }

    private static async Task<Results<Created<RegisteredView>, ProblemHttpResult>> RegisterAsync(
        HttpContext context, Registration registration, IOptions<AccountsOptions> options, CancellationToken ct)
    {
        var body = await RequestFields.ReadAsync(context.Request, forms: true, ct);
        if (!body.TryGet(out var fields, out var unreadable))
            return unreadable.ToProblem();
        var request = RegisterRequest.From(fields, options.Value);
        if (fields.Error is { } invalid)
            return invalid.ToProblem();

        var outcome = await registration.RegisterAsync(request, ClientAddress.Of(context));
        return outcome.TryGet(out var account, out var error)
            ? TypedResults.Created((string?)null, new RegisteredView(account.Id, account.Username, account.Email))
            : error.ToProblem();
    }

    private static async Task<Results<Ok<TokenPair>, ProblemHttpResult>> LoginAsync(
        HttpContext context, Login login, IOptions<AccountsOptions> options, CancellationToken ct)
    {
        var body = await RequestFields.ReadAsync(context.Request, forms: true, ct);
        if (!body.TryGet(out var fields, out var unreadable))
            return unreadable.ToProblem();
        var request = LoginRequest.From(fields, options.Value);
        if (fields.Error is { } invalid)
            return invalid.ToProblem();

        var outcome = await login.SignInAsync(request, ClientAddress.Of(context), context.Request.Headers.UserAgent.ToString());
        return outcome.TryGet(out var pair, out var error) ? TypedResults.Ok(pair) : error.ToProblem();
    }

    private static async Task<Results<Ok<TokenPair>, ProblemHttpResult>> RefreshAsync(
        HttpContext context, Sessions sessions, CancellationToken ct)
    {
        var body = await RequestFields.ReadAsync(context.Request, forms: false, ct);
        if (!body.TryGet(out var fields, out var unreadable))
            return unreadable.ToProblem();
        var token = fields.Required("refresh");
        if (fields.Error is not null)
            return new ChatError(ErrorCode.BadRequest, "The body needs \"refresh\", a string.").ToProblem();

        var outcome = await sessions.RefreshAsync(token);
        return outcome.TryGet(out var pair, out var error) ? TypedResults.Ok(pair) : error.ToProblem();
    }
}
