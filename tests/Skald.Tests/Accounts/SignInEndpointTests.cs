using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Skald.Server.Accounts.Sessions;
using Skald.Tests.Harness;
using static Skald.Tests.Accounts.RegisterEndpointTests;

namespace Skald.Tests.Accounts;

[BothEngines]
public sealed class SignInEndpointTests
{
    [Theory]
    [InlineData("/api/login/")]
    [InlineData("/api/login")]
    public async Task Clients_of_the_origin_log_in_as_there(string path)
    {
        await using var server = await SkaldServer.StartAsync();
        await server.RegisterAsync("testuser");
        using var response = await PostAsync(server, path, """{"username":"testuser","password":"12345678"}""");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
        var body = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(["access", "refresh"], body.EnumerateObject().Select(p => p.Name).Order());
        Assert.Equal(3, body.GetProperty("access").GetString()!.Split('.').Length);
    }

    [Fact]
    [Attack("A-21")]
    public async Task Refusals_of_a_wrong_password_and_of_an_unknown_name_are_equal_byte_for_byte()
    {
        await using var server = await SkaldServer.StartAsync();
        await server.RegisterAsync("ann");
        var bodies = new List<(string Body, string Headers)>();
        foreach (var username in new[] { "ann", "nobody", "no such name", "ann' --" })
        {
            using var response = await server.Http.PostAsJsonAsync("/api/login/", new { username, password = "wrong password" });
            await ProblemAsync(response, 401, "invalid_credentials");
            response.Headers.Remove("Date");
            bodies.Add((await response.Content.ReadAsStringAsync(), response.Headers.ToString() + response.Content.Headers));
        }

        Assert.Single(bodies.Distinct());
    }

    [Theory]
    [InlineData("{}", "username,password")]
    [InlineData("""{"username":"ann"}""", "password")]
    [InlineData("""{"password":"12345678"}""", "username")]
    [InlineData("""{"username":["ann"],"password":12345678}""", "username,password")]
    public async Task Missing_fields_are_named(string json, string fields)
    {
        await using var server = await SkaldServer.StartAsync();
        using var response = await PostAsync(server, "/api/login/", json);
        var problem = await ProblemAsync(response, 400, "validation_failed");
        Assert.Equal(fields.Split(',').Order(), problem.GetProperty("errors").EnumerateObject().Select(e => e.Name).Order());
    }

    [Fact]
    [Attack("A-20")]
    public async Task Password_that_is_too_long_is_refused_before_any_hashing()
    {
        // A hash would take minutes here.
        await using var server = await SkaldServer.StartAsync([("Accounts:PasswordIterations", "100000000")]);
        using var response = await server.Http.PostAsJsonAsync("/api/login/", new { username = "ann", password = new string('x', 60_000) })
            .Within();
        await ProblemAsync(response, 400, "validation_failed");
    }

    [Fact]
    [Attack("A-19")]
    public async Task Full_hashing_queue_answers_503_at_once_with_the_time_to_wait()
    {
        await using var server =
            await SkaldServer.StartAsync([("Accounts:PasswordIterations", "300000"), ("Limits:PasswordHashQueue", "1")]);
        var responses = await Task.WhenAll(Enumerable.Range(0, 40).Select(i =>
            server.Http.PostAsJsonAsync("/api/login/", new { username = $"user{i}", password = "12345678" })));
        Assert.Contains(responses, r => r.StatusCode == HttpStatusCode.Unauthorized);
        var overloaded = responses.Where(r => r.StatusCode != HttpStatusCode.Unauthorized).ToList();
        Assert.NotEmpty(overloaded);
        foreach (var response in overloaded)
        {
            await ProblemAsync(response, 503, "overloaded");
            Assert.Equal(TimeSpan.FromSeconds(2), response.Headers.RetryAfter?.Delta);
        }
    }

    [Fact]
    public async Task Guessing_is_answered_429_with_the_time_to_wait()
    {
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true")]);
        for (var i = 0; i < 5; i++)
            await (
                await server.Http.PostAsJsonAsync("/api/login/", new { username = "ann", password = "guess" })).Content.ReadAsStringAsync();
        using var response = await server.Http.PostAsJsonAsync("/api/login/", new { username = "ann", password = "guess" });
        await ProblemAsync(response, 429, "rate_limited");
        Assert.Equal(TimeSpan.FromSeconds(1), response.Headers.RetryAfter?.Delta);
    }

    [Theory]
    [InlineData("/api/token/refresh/")]
    [InlineData("/api/token/refresh")]
    public async Task Refresh_gives_a_new_pair_and_a_used_token_ends_the_session_after_a_minute(string path)
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        var ann = await server.RegisterAsync("ann");
        using var first = await server.Http.PostAsJsonAsync(path, new { refresh = ann.Refresh });
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        var next = (await first.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("refresh").GetString();
        Assert.NotEqual(ann.Refresh, next);

        using var again = await server.Http.PostAsJsonAsync(path, new { refresh = ann.Refresh });
        Assert.Equal(next, (await again.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("refresh").GetString());

        clock.Advance(TimeSpan.FromSeconds(61));
        using var reuse = await server.Http.PostAsJsonAsync(path, new { refresh = ann.Refresh });
        await ProblemAsync(reuse, 401, "token_not_valid");
        using var dead = await server.Http.PostAsJsonAsync(path, new { refresh = next });
        await ProblemAsync(dead, 401, "token_not_valid");
        using var me = await ann.SendAsync(HttpMethod.Get, "/api/me/");
        await ProblemAsync(me, 401, "token_not_valid");
    }

    [Fact]
    public async Task Fifty_refreshes_at_once_have_one_successor()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        var responses = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ =>
            server.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh = ann.Refresh })));
        Assert.All(responses, r => Assert.Equal(HttpStatusCode.OK, r.StatusCode));
        var pairs = await Task.WhenAll(responses.Select(r => r.Content.ReadFromJsonAsync<JsonElement>()));
        Assert.Single(pairs.Select(p => p.GetProperty("refresh").GetString()).Distinct(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("{}", 400, "bad_request")]
    [InlineData("""{"refresh":7}""", 400, "bad_request")]
    [InlineData("""{"refresh":""}""", 400, "bad_request")]
    [InlineData("""{"refresh":"nonsense"}""", 401, "token_not_valid")]
    public async Task Refresh_without_a_token_of_ours_is_refused(string json, int status, string code)
    {
        await using var server = await SkaldServer.StartAsync();
        using var response = await PostAsync(server, "/api/token/refresh/", json);
        await ProblemAsync(response, status, code);
    }

    [Fact]
    [Attack("A-3")]
    public async Task No_token_and_no_password_is_ever_logged()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann", "a very secret password");
        using var refreshed = await server.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh = ann.Refresh });
        var next = (await refreshed.Content.ReadFromJsonAsync<TokenPair>(JsonSerializerOptions.Web))!;
        using var wrong = await server.Http.PostAsJsonAsync(
            "/api/login/",
            new { username = "ann\r\nforged line", password = "another secret password" });
        using var ticket = await ann.SendAsync(HttpMethod.Post, "/api/ws-ticket/");
        var ticketValue = (await ticket.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("ticket").GetString()!;
        using var out_ = await ann.SendAsync(HttpMethod.Post, "/api/logout/");
        foreach (var secret in new[] { ann.Access, ann.Refresh, next.Access, next.Refresh, ticketValue, "secret password", "forged line" })
            Assert.DoesNotContain(server.Log.Lines, line => line.Contains(secret, StringComparison.Ordinal));
    }
}
