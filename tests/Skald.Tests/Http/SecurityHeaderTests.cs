using Skald.Tests.Harness;

namespace Skald.Tests.Http;

/// <summary>What every answer tells the browser.</summary>
public sealed class SecurityHeaderTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    [Theory]
    [InlineData("/", 200)]
    [InlineData("/openapi/v1.json", 200)]
    [InlineData("/healthz", 200)]
    [InlineData("/readyz", 200)]
    [InlineData("/nowhere", 404)]
    [InlineData("/api/me/", 401)]
    [InlineData("/api/login/", 405)]
    [InlineData("/ws/", 426)]
    [Attack("A-43")]
    public async Task Every_answer_forbids_what_our_page_does_not_need(string path, int status)
    {
        using var response = await shared.Server.Http.GetAsync(path);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(Policy, Assert.Single(response.Headers.GetValues("Content-Security-Policy")));
        AssertOthers(response);
    }

    [Fact]
    public async Task Docs_run_nothing_but_our_own_scripts_either()
    {
        using var response = await shared.Server.Http.GetAsync("/docs/index.html");

        Assert.Equal(200, (int)response.StatusCode);
        var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'none'; script-src 'self'; ", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("http", policy, StringComparison.Ordinal);
        AssertOthers(response);
    }

    [Theory]
    [InlineData("/ws")]
    [InlineData("/api/me")]
    [InlineData("/api/chat/history/global")]
    [Attack("A-5")]
    public async Task Nothing_is_redirected(string path)
    {
        var answer = await RawHttp.AskAsync(shared.Server.Address, $"GET {path}");

        Assert.NotInRange(answer.Status, 300, 399);
        Assert.Empty(answer.Headers["Location"]);
    }

    private static void AssertOthers(HttpResponseMessage response)
    {
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("no-referrer", Assert.Single(response.Headers.GetValues("Referrer-Policy")));
        Assert.Equal("same-origin", Assert.Single(response.Headers.GetValues("Cross-Origin-Opener-Policy")));
        Assert.Equal("same-origin", Assert.Single(response.Headers.GetValues("Cross-Origin-Resource-Policy")));
        Assert.Equal("camera=(), geolocation=(), microphone=()", Assert.Single(response.Headers.GetValues("Permissions-Policy")));
        Assert.False(response.Headers.Contains("Server"));
        Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
    }
}
