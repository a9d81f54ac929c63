using Skald.Server.Http;

namespace Skald.Server.Identity;

/// <summary>Who asks, as the access token says: enough to serve a request without reading the database.</summary>
internal readonly record struct CurrentUser(long Id, string Username, long SessionId)
{
    /// <summary>
    /// Binds an endpoint's parameter. The endpoint must be <see cref="EndpointDocs.ForUsers"/>, or there is no user to bind.
    /// </summary>
    public static ValueTask<CurrentUser> BindAsync(HttpContext context) => context.Features.Get<SignedIn>() is { } signedIn
        ? ValueTask.FromResult(signedIn.User)
        : throw new InvalidOperationException(
            $"Nobody is signed in: an endpoint that takes {nameof(CurrentUser)} must call {nameof(EndpointDocs.ForUsers)}.");

    /// <summary>Makes this user the one whose request it is.</summary>
    public void SignIn(HttpContext context) => context.Features.Set(new SignedIn(this));

    private sealed record SignedIn(CurrentUser User);
}
