using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Skald.Tests.Harness;
using static Skald.Tests.Accounts.RegisterEndpointTests;

namespace Skald.Tests.Accounts.Sessions;

/// <summary>A page's session in a cookie. The cookie goes to and fro by hand, so that each test says what a browser would.</summary>
public sealed class RefreshCookieTests
{
    private const string Login = "/api/login/", Refresh = "/api/token/refresh/";
    private const string Credentials = """{"username":"ann","password":"12345678","keep":"cookie"}""";
    private const string Keep = """{"keep":"cookie"}""";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Attack("A-45")]
    public async Task Token_is_in_a_cookie_that_no_script_can_read_and_in_no_answer(bool tls)
    {
        await using var server = await SkaldServer.StartAsync(certificate: tls ? TestCertificate.Value : null);
        await server.RegisterAsync("ann");
        using var browser = new Browser(server);
        for (var path = Login; ; path = Refresh)
        {
            using var response = await browser.PostAsync(path, path == Login ? Credentials : Keep);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
            var body = await response.Content.ReadFromJsonAsync<JsonElement>();
            Assert.Equal(["access"], body.EnumerateObject().Select(property => property.Name));
            var (name, _, attributes) = browser.Cookie!.Value;
            Assert.Equal(tls ? "__Secure-skald_refresh" : "skald_refresh", name);
            string[] expected =
                ["max-age=86400", "path=/api/token/refresh", "samesite=strict", "httponly", .. tls ? new[] { "secure" } : []];
            Assert.Equal(expected.Order(StringComparer.Ordinal), attributes.Order(StringComparer.Ordinal));
            if (path == Refresh)
                break;
        }
    }

    [Fact]
    public async Task Session_goes_on_after_a_reload_until_logout_forgets_it()
    {
        await using var server = await SkaldServer.StartAsync();
        await server.RegisterAsync("ann");
        using var browser = new Browser(server);
        using var login = await browser.PostAsync(Login, Credentials);
        using var reload = await browser.PostAsync(Refresh, Keep);
        var access = (await reload.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("access").GetString()!;
        var ann = new TestUser(server, "ann", access, "");
        using var me = await ann.SendAsync(HttpMethod.Get, "/api/me/");
        Assert.Equal(HttpStatusCode.OK, me.StatusCode);

        var last = browser.Cookie!.Value.Value;
        using var logout = await ann.SendAsync(HttpMethod.Post, "/api/logout/");
        var forgotten = Assert.Single(logout.Headers.GetValues("Set-Cookie"));
        Assert.StartsWith("skald_refresh=; expires=Thu, 01 Jan 1970", forgotten, StringComparison.Ordinal);
        Assert.Contains("path=/api/token/refresh", forgotten, StringComparison.Ordinal);
        using var after = await browser.PostAsync(Refresh, Keep, cookie: last);
        await ProblemAsync(after, 401, "token_not_valid");
        using var without = await browser.PostAsync(Refresh, Keep, cookie: "");
        await ProblemAsync(without, 401, "token_not_valid");
    }

    [Fact]
    public async Task Token_in_the_body_moves_into_the_cookie_and_never_back()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        using var browser = new Browser(server);
        using var moved = await browser.PostAsync(Refresh, $$"""{"refresh":"{{ann.Refresh}}","keep":"cookie"}""");
        Assert.Equal(
            ["access"],
            (await moved.Content.ReadFromJsonAsync<JsonElement>()).EnumerateObject().Select(property => property.Name));
        // Not asked to keep it there, and still: what a script could not read it cannot ask for.
        using var again = await browser.PostAsync(Refresh, "{}");
        Assert.Equal(
            ["access"],
            (await again.Content.ReadFromJsonAsync<JsonElement>()).EnumerateObject().Select(property => property.Name));
    }

    [Fact]
    public async Task Two_tabs_that_refresh_at_once_stay_signed_in_and_a_stolen_cookie_ends_the_session()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        await server.RegisterAsync("ann");
        using var browser = new Browser(server);
        using var login = await browser.PostAsync(Login, Credentials);
        var first = browser.Cookie!.Value.Value;
        var tabs = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => browser.PostAsync(Refresh, Keep, cookie: first)));
        Assert.All(tabs, tab => Assert.Equal(HttpStatusCode.OK, tab.StatusCode));
        Assert.Single(tabs.Select(tab => Assert.Single(tab.Headers.GetValues("Set-Cookie"))).Distinct(StringComparer.Ordinal));
        var second = browser.Cookie!.Value.Value;

        clock.Advance(TimeSpan.FromSeconds(61));
        using var stolen = await browser.PostAsync(Refresh, Keep, cookie: first);
        await ProblemAsync(stolen, 401, "token_not_valid");
        using var owner = await browser.PostAsync(Refresh, Keep, cookie: second);
        await ProblemAsync(owner, 401, "token_not_valid");
    }

    [Theory]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Origin", "https://friend.example")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    [InlineData("Sec-Fetch-Site", "none")]
    [Attack("A-2")]
    public async Task Page_of_another_origin_neither_gets_nor_uses_a_cookie(string header, string value)
    {
        await using var server = await SkaldServer.StartAsync([("Connections:AllowedOrigins", "https://friend.example")]);
        await server.RegisterAsync("ann");
        using var browser = new Browser(server);
        using var login = await browser.PostAsync(Login, Credentials);
        var cookie = browser.Cookie!.Value.Value;
        foreach (var (path, body) in new[] { (Login, Credentials), (Refresh, Keep), (Refresh, "{}") })
        {
            using var refused = await browser.PostAsync(path, body, cookie, (header, value));
            await ProblemAsync(refused, 403, "forbidden");
            Assert.False(refused.Headers.Contains("Set-Cookie"));
        }

        // Nothing was used up, and a page of ours is told apart.
        using var own = await browser.PostAsync(Refresh, Keep, cookie, ("Origin", server.Address.GetLeftPart(UriPartial.Authority)));
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
    }

    [Fact]
    [Attack("A-2")]
    public async Task Form_that_any_page_can_send_gets_no_cookie_and_uses_none()
    {
        await using var server = await SkaldServer.StartAsync();
        await server.RegisterAsync("ann");
        using var browser = new Browser(server);
        using var login = await browser.PostAsync(Login, Credentials);
        var form =
            new Dictionary<string, string>(StringComparer.Ordinal) { ["username"] = "ann", ["password"] = "12345678", ["keep"] = "cookie" };
        foreach (var path in new[] { Login, Refresh })
        {
            using var refused = await browser.SendAsync(path, new FormUrlEncodedContent(form), browser.Cookie!.Value.Value);
            await ProblemAsync(refused, 415, "unsupported_media_type");
            Assert.False(refused.Headers.Contains("Set-Cookie"));
        }
    }

    [Fact]
    public async Task Who_does_not_ask_for_it_gets_no_cookie_and_a_word_that_is_none_is_named()
    {
        await using var server = await SkaldServer.StartAsync();
        await server.RegisterAsync("ann");
        using var browser = new Browser(server);
        using var login = await browser.PostAsync(Login, """{"username":"ann","password":"12345678"}""");
        Assert.False(login.Headers.Contains("Set-Cookie"));
        using var wrong = await browser.PostAsync(Login, """{"username":"ann","password":"12345678","keep":"forever"}""");
        Assert.True((await ProblemAsync(wrong, 400, "validation_failed")).GetProperty("errors").TryGetProperty("keep", out _));
    }

    /// <summary>Sends the last cookie it was given, where the cookie's path says so.</summary>
    private sealed class Browser(SkaldServer server) : IDisposable
    {
        private readonly HttpClient _http = new(
            new SocketsHttpHandler { UseCookies = false, SslOptions = { RemoteCertificateValidationCallback = TestCertificate.Accept } })
        {
            BaseAddress = server.Address,
        };

        public (string Name, string Value, string[] Attributes)? Cookie { get; private set; }

        public Task<HttpResponseMessage> PostAsync(
            string path, string json, string? cookie = null, params (string Name, string Value)[] headers) =>
            SendAsync(path, new StringContent(json, Encoding.UTF8, "application/json"), cookie, headers);

        public async Task<HttpResponseMessage> SendAsync(
            string path, HttpContent content, string? cookie = null, params (string Name, string Value)[] headers)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
            foreach (var (name, value) in headers)
                request.Headers.Add(name, value);
            if ((cookie ?? Cookie?.Value) is { Length: > 0 } sent && path == Refresh)
                request.Headers.Add("Cookie", $"{Cookie!.Value.Name}={sent}");
            var response = await _http.SendAsync(request);
            if (response.Headers.TryGetValues("Set-Cookie", out var cookies))
            {
                var parts = Assert.Single(cookies).Split("; ");
                var (name, value) = parts[0].Split('=', 2) is [var left, var right] ? (left, right) : (parts[0], "");
                Cookie = (name, value, parts[1..]);
            }

            return response;
        }

        public void Dispose() => _http.Dispose();
    }
}
