using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Skald.Server.Identity;
using Skald.Tests.Harness;
using static Skald.Tests.Accounts.RegisterEndpointTests;

namespace Skald.Tests.Accounts;

[BothEngines]
public sealed class MeEndpointTests
{
    /// <summary>Every route that asks who you are.</summary>
    public static TheoryData<string, string> Routes => new()
    {
        { "POST", "/api/logout/" },
        { "GET", "/api/me/" },
        { "POST", "/api/me/password/" },
        { "GET", "/api/me/sessions/" },
        { "DELETE", "/api/me/sessions/" },
        { "DELETE", "/api/me/sessions/1/" },
        { "POST", "/api/ws-ticket/" },
    };

    [Theory]
    [MemberData(nameof(Routes))]
    [Attack("A-2")]
    public async Task Nobody_gets_in_without_an_access_token(string method, string path)
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        var tickets = (ISocketTickets)server.Services.GetService(typeof(ISocketTickets))!;
        var ticket = await tickets.IssueAsync(new CurrentUser(1, "ann", 1));

        await RefusedAsync("not_authenticated", null);
        await RefusedAsync("not_authenticated", "Basic YW5uOjEyMzQ1Njc4");
        await RefusedAsync("not_authenticated", "Bearer");
        await RefusedAsync("token_not_valid", "Bearer nonsense");
        await RefusedAsync("token_not_valid", "Bearer " + ann.Refresh);
        await RefusedAsync("token_not_valid", "Bearer " + ticket);
        await RefusedAsync("token_not_valid", "Bearer " + ann.Access[..^4] + "AAAA");
        // No cookie and no query is a credential.
        await RefusedAsync(
            "not_authenticated",
            null,
            cookie: $"access={ann.Access}; token={ann.Access}",
            query: $"?token={ann.Access}&access={ann.Access}");

        async Task RefusedAsync(string code, string? authorization, string? cookie = null, string query = "")
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path + query);
            if (authorization is not null)
                request.Headers.TryAddWithoutValidation("Authorization", authorization);
            if (cookie is not null)
                request.Headers.Add("Cookie", cookie);
            using var response = await server.Http.SendAsync(request);
            await ProblemAsync(response, 401, code);
        }
    }

    [Fact]
    public async Task Expired_token_is_refused_where_a_fresh_one_is_not()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        var ann = await server.RegisterAsync("ann");
        clock.Advance(TimeSpan.FromSeconds(331));
        using var response = await ann.SendAsync(HttpMethod.Get, "/api/me/");
        await ProblemAsync(response, 401, "token_not_valid");
        using var fresh = await (await server.LoginAsync("ann")).SendAsync(HttpMethod.Get, "/api/me/");
        Assert.Equal(HttpStatusCode.OK, fresh.StatusCode);
    }

    [Theory]
    [InlineData("bearer")]
    [InlineData("BEARER")]
    public async Task Scheme_is_known_in_any_case(string scheme)
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/me");
        request.Headers.Authorization = new AuthenticationHeaderValue(scheme, ann.Access);
        using var response = await server.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Me_is_the_account_of_the_token()
    {
        await using var server = await SkaldServer.StartAsync(clock: new FakeClock());
        await (await server.Http.PostAsJsonAsync(
            "/api/register/", new { username = "Ann", password = "12345678", email = "ann@example.com" }))
            .Content.ReadAsStringAsync();
        var ann = await server.LoginAsync("ann");
        using var response = await ann.SendAsync(HttpMethod.Get, "/api/me/");
        var me = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("Ann", me.GetProperty("username").GetString());
        Assert.Equal("ann@example.com", me.GetProperty("email").GetString());
        Assert.Equal("2026-02-21T16:46:02Z", me.GetProperty("created_at").GetString());
        Assert.Equal(["created_at", "email", "id", "username"], me.EnumerateObject().Select(p => p.Name).Order());
    }

    [Fact]
    public async Task Logout_ends_this_session_and_no_other()
    {
        await using var server = await SkaldServer.StartAsync();
        var here = await server.RegisterAsync("ann");
        var there = await server.LoginAsync("ann");
        using var logout = await here.SendAsync(HttpMethod.Post, "/api/logout/");
        Assert.Equal(HttpStatusCode.NoContent, logout.StatusCode);
        using var dead = await here.SendAsync(HttpMethod.Get, "/api/me/");
        await ProblemAsync(dead, 401, "token_not_valid");
        using var refresh = await server.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh = here.Refresh });
        await ProblemAsync(refresh, 401, "token_not_valid");
        using var alive = await there.SendAsync(HttpMethod.Get, "/api/me/");
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
    }

    [Fact]
    [Attack("A-31")]
    public async Task Sessions_are_listed_and_ended_one_by_one_or_all()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        server.Http.DefaultRequestHeaders.UserAgent.ParseAdd("Phone/1.0");
        var phone = await server.LoginAsync("ann");
        var bob = await server.RegisterAsync("bob");

        var sessions = await SessionsAsync(ann);
        Assert.Equal(2, sessions.Length);
        Assert.Single(sessions, s => s.GetProperty("current").GetBoolean());
        var other = sessions.Single(s => !s.GetProperty("current").GetBoolean());
        Assert.Equal("Phone/1.0", other.GetProperty("user_agent").GetString());
        Assert.Equal(
            ["created_at", "current", "expires_at", "id", "last_used_at", "user_agent"],
            other.EnumerateObject().Select(p => p.Name).Order());
        var id = other.GetProperty("id").GetInt64().ToString(CultureInfo.InvariantCulture);

        // Another user's session is as good as none.
        using var foreign = await bob.SendAsync(HttpMethod.Delete, $"/api/me/sessions/{id}/");
        await ProblemAsync(foreign, 404, "not_found");
        using var one = await ann.SendAsync(HttpMethod.Delete, $"/api/me/sessions/{id}");
        Assert.Equal(HttpStatusCode.NoContent, one.StatusCode);
        using var twice = await ann.SendAsync(HttpMethod.Delete, $"/api/me/sessions/{id}/");
        await ProblemAsync(twice, 404, "not_found");
        using var nonsense = await ann.SendAsync(HttpMethod.Delete, "/api/me/sessions/nonsense/");
        await ProblemAsync(nonsense, 404, "not_found");
        using var gone = await phone.SendAsync(HttpMethod.Get, "/api/me/");
        await ProblemAsync(gone, 401, "token_not_valid");
        Assert.Single(await SessionsAsync(ann));

        using var all = await ann.SendAsync(HttpMethod.Delete, "/api/me/sessions/");
        Assert.Equal(HttpStatusCode.NoContent, all.StatusCode);
        using var dead = await ann.SendAsync(HttpMethod.Get, "/api/me/");
        await ProblemAsync(dead, 401, "token_not_valid");
        using var untouched = await bob.SendAsync(HttpMethod.Get, "/api/me/");
        Assert.Equal(HttpStatusCode.OK, untouched.StatusCode);
    }

    [Fact]
    public async Task New_password_ends_the_other_sessions()
    {
        await using var server = await SkaldServer.StartAsync();
        var here = await server.RegisterAsync("ann");
        var there = await server.LoginAsync("ann");
        using var wrong = await here.SendAsync(
            HttpMethod.Post,
            "/api/me/password/",
            new { current_password = "wrong", new_password = "correct horse" });
        var problem = await ProblemAsync(wrong, 400, "validation_failed");
        Assert.True(problem.GetProperty("errors").TryGetProperty("current_password", out _));
        using var both = await here.SendAsync(HttpMethod.Post, "/api/me/password/", new { new_password = "short" });
        Assert.Equal(2, (await ProblemAsync(both, 400, "validation_failed")).GetProperty("errors").EnumerateObject().Count());

        using var changed = await here.SendAsync(
            HttpMethod.Post,
            "/api/me/password/",
            new { current_password = "12345678", new_password = "correct horse" });
        Assert.Equal(HttpStatusCode.NoContent, changed.StatusCode);
        using var alive = await here.SendAsync(HttpMethod.Get, "/api/me/");
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
        using var dead = await there.SendAsync(HttpMethod.Get, "/api/me/");
        await ProblemAsync(dead, 401, "token_not_valid");
        using var old = await server.Http.PostAsJsonAsync("/api/login/", new { username = "ann", password = "12345678" });
        await ProblemAsync(old, 401, "invalid_credentials");
        await server.LoginAsync("ann", "correct horse");
    }

    [Fact]
    public async Task Ticket_is_issued_for_30_s_and_bounded_a_session()
    {
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true")]);
        var ann = await server.RegisterAsync("ann");
        using var response = await ann.SendAsync(HttpMethod.Post, "/api/ws-ticket/");
        var ticket = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(30, ticket.GetProperty("expires_in").GetInt32());
        Assert.Equal(43, ticket.GetProperty("ticket").GetString()!.Length);
        for (var i = 1; i < 64; i++)
            (await ann.SendAsync(HttpMethod.Post, "/api/ws-ticket/")).EnsureSuccessStatusCode();
        using var refused = await ann.SendAsync(HttpMethod.Post, "/api/ws-ticket/");
        await ProblemAsync(refused, 429, "rate_limited");
    }

    [Fact]
    public async Task Users_and_sessions_outlive_a_restart()
    {
        await using var first = await SkaldServer.StartAsync();
        var ann = await first.RegisterAsync("ann");
        await first.StopAsync();
        await ((IAsyncDisposable)first.Services).DisposeAsync();

        await using var second = await SkaldServer.StartAsync(data: first.Data);
        using var me = await (ann with { Server = second }).SendAsync(HttpMethod.Get, "/api/me/");
        Assert.Equal(HttpStatusCode.OK, me.StatusCode);
        using var refreshed = await second.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh = ann.Refresh });
        Assert.Equal(HttpStatusCode.OK, refreshed.StatusCode);
    }

    private static async Task<JsonElement[]> SessionsAsync(TestUser user)
    {
        using var response = await user.SendAsync(HttpMethod.Get, "/api/me/sessions/");
        return (await response.Content.ReadFromJsonAsync<JsonElement[]>())!;
    }
}
