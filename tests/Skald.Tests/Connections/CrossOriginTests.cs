using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>Pages of <c>Connections:AllowedOrigins</c> may call the API as they may open sockets; others may do neither.</summary>
public sealed class CrossOriginTests(CrossOriginTests.ServerWithOrigins shared) : IClassFixture<CrossOriginTests.ServerWithOrigins>
{
    private const string Allowed = "https://app.example", Other = "https://evil.example";

    [Fact]
    public async Task Preflight_of_every_route_of_the_api_lets_an_allowed_page_ask()
    {
        var routes = shared.Server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => route.RoutePattern.RawText!.StartsWith("/api", StringComparison.Ordinal))
            .SelectMany(route => route.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
                .Select(method => (Method: method, Path: route.RoutePattern.RawText!)))
            .ToArray();

        Assert.NotEmpty(routes);
        foreach (var (method, path) in routes)
        {
            using var answer = await AskAsync(
                HttpMethod.Options,
                path.Replace("{id:long}", "1", StringComparison.Ordinal).Replace("{room}", "global", StringComparison.Ordinal) + "/",
                Allowed,
                ("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", "authorization,content-type"));

            Assert.Equal((path, HttpStatusCode.NoContent), (path, answer.StatusCode));
            Assert.Equal(Allowed, One(answer, "Access-Control-Allow-Origin"));
            Assert.Contains(method, One(answer, "Access-Control-Allow-Methods"), StringComparison.Ordinal);
            Assert.Equal("Authorization, Content-Type", One(answer, "Access-Control-Allow-Headers"));
            Assert.False(answer.Headers.Contains("Access-Control-Allow-Credentials"));
        }
    }

    [Theory]
    [InlineData("GET", "/api/chat/history/global/", 200)]
    [InlineData("GET", "/api/me/", 200)]
    [InlineData("GET", "/api/chat/history/global/?limit=0", 400)]
    [InlineData("POST", "/api/login/", 415)]
    [InlineData("POST", "/api/ws-ticket/", 200)]
    [InlineData("GET", "/healthz", 200)]
    public async Task Allowed_page_may_read_the_answer_and_its_headers(string method, string path, int status)
    {
        using var answer = await AskAsync(new HttpMethod(method), path, Allowed, ("Authorization", $"Bearer {shared.Ann.Access}"));

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(Allowed, One(answer, "Access-Control-Allow-Origin"));
        Assert.Equal("Link, Retry-After, Skald-Epoch, Skald-Seq, WWW-Authenticate", One(answer, "Access-Control-Expose-Headers"));
        Assert.Equal("cross-origin", One(answer, "Cross-Origin-Resource-Policy"));
        Assert.Equal("Origin", One(answer, "Vary"));
    }

    [Theory]
    [InlineData(Other)]
    [InlineData("null")]
    [InlineData("https://app.example.evil.example")]
    [Attack("A-1")]
    public async Task Other_page_may_not(string origin)
    {
        using var preflight = await AskAsync(HttpMethod.Options, "/api/login/", origin, ("Access-Control-Request-Method", "POST"));
        using var answer = await AskAsync(HttpMethod.Get, "/api/me/", origin, ("Authorization", $"Bearer {shared.Ann.Access}"));

        Assert.False(preflight.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.Equal("same-origin", One(answer, "Cross-Origin-Resource-Policy"));
        Assert.Equal("Origin", One(answer, "Vary"));
    }

    /// <summary>A preflight is routed to the endpoint it asks about, which must not run.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Preflight_does_nothing(bool anyAllowed)
    {
        await using var server = await SkaldServer.StartAsync(anyAllowed ? [("Connections:AllowedOrigins", Allowed)] : []);
        var ann = await server.RegisterAsync("ann");
        using var request = new HttpRequestMessage(HttpMethod.Options, "/api/rooms/global/messages/")
        {
            Content = JsonContent.Create(new { message = "x" }),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", ann.Access);
        request.Headers.Add("Origin", Allowed);
        request.Headers.Add("Access-Control-Request-Method", "POST");

        using var answer = await server.Http.SendAsync(request);

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal(anyAllowed, answer.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.Empty(await ann.HistoryAsync("global"));
    }

    [Fact]
    public async Task Allowed_page_signs_in_reads_and_opens_a_socket()
    {
        using var registered = await AskAsync(HttpMethod.Post, "/api/register/", Allowed, new { username = "eve", password = "12345678" });
        using var login = await AskAsync(HttpMethod.Post, "/api/login/", Allowed, new { username = "eve", password = "12345678" });
        var access = (await login.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("access").GetString();
        await using var socket = await ChatSocket.OpenAsync(shared.Server.SocketAddress($"/ws/?token={access}"), ("Origin", Allowed));

        await socket.ExpectAsync("ready");
    }

    private static string One(HttpResponseMessage answer, string header) => Assert.Single(answer.Headers.GetValues(header));

    private Task<HttpResponseMessage> AskAsync(HttpMethod method, string path, string origin, object body) =>
        AskAsync(new HttpRequestMessage(method, path) { Content = JsonContent.Create(body) }, origin, []);

    private Task<HttpResponseMessage> AskAsync(
        HttpMethod method, string path, string origin, params (string Name, string Value)[] headers) =>
        AskAsync(new HttpRequestMessage(method, path), origin, headers);

    private async Task<HttpResponseMessage> AskAsync(HttpRequestMessage request, string origin, (string Name, string Value)[] headers)
    {
        using (request)
        {
            request.Headers.Add("Origin", origin);
            foreach (var (name, value) in headers)
                request.Headers.Add(name, value);
            return await shared.Server.Http.SendAsync(request);
        }
    }

    public sealed class ServerWithOrigins : SharedServer
    {
        private protected override (string Key, string Value)[] Settings => [("Connections:AllowedOrigins", Allowed)];
    }
}
