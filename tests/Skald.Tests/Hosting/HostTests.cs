using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Skald.Tests.Harness;

namespace Skald.Tests.Hosting;

/// <summary>In somebody's own application nothing of it changes, and Skald works, however the application is put together.</summary>
public sealed partial class HostTests
{
    internal const string Origin = "https://app.example";

    public static TheoryData<string> Shapes() => [.. HostShape.All.Select(shape => shape.Name)];

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task Answers_of_the_application_are_what_they_are_without_skald(string name)
    {
        var shape = HostShape.All.Single(shape => shape.Name == name);

        var without = await AskAllAsync(shape, withSkald: false);
        var with = await AskAllAsync(shape, withSkald: true);

        Assert.Equal(without, with);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task Skald_works_in_the_application(string name)
    {
        var shape = HostShape.All.Single(shape => shape.Name == name);
        await using var host = await OwnHost.StartAsync(shape, withSkald: true);

        using var registered = await host.PostAsync("/api/register/", new { username = "ann", password = "12345678" });
        using var refused = await host.PostAsync("/api/register/", new { username = "ann", password = "12345678" });
        using var login = await host.PostAsync("/api/login/", new { username = "ann", password = "12345678" });
        var access = (await login.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("access").GetString()!;
        await using var socket = await ChatSocket.OpenAsync(host.SocketAddress($"/ws/?token={access}"));
        await socket.ExpectAsync("ready");
        await socket.JoinAsync("global");
        using var sent = await host.PostAsync("/api/rooms/global/messages/", new { message = "hello", client_msg_id = "12345678" }, access);
        var heard = await socket.ExpectAsync("chat_message");
        using var first = await host.PostAsync("/api/rooms/global/messages/", new { message = "hello again" }, access);
        using var history = await host.GetAsync("/api/chat/history/global/?limit=1", access);
        using var stranger = await host.GetAsync("/api/me/");
        using var me = await host.GetAsync("/api/me/", access);

        Assert.Equal(
            (HttpStatusCode.Created, HttpStatusCode.BadRequest, HttpStatusCode.Created, HttpStatusCode.OK, HttpStatusCode.Unauthorized),
            (registered.StatusCode, refused.StatusCode, sent.StatusCode, history.StatusCode, stranger.StatusCode));
        Assert.Equal("hello", heard.GetProperty("message").GetString());
        Assert.Contains("\"created_at\":", await me.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        // From the address that was asked for: whatever prefix and path base there is.
        Assert.StartsWith("<?limit=1&before=", Assert.Single(history.Headers.GetValues("Link")), StringComparison.Ordinal);
        await AssertProblemAsync(refused, "validation_failed");
        await AssertProblemAsync(stranger, "not_authenticated");
        Assert.Equal("nosniff", Assert.Single(me.Headers.GetValues("X-Content-Type-Options")));
    }

    [Theory]
    [InlineData("a prefix")]
    [InlineData("a path base, a group and a prefix")]
    public async Task Below_a_prefix_are_the_page_its_files_the_docs_and_health_too(string name)
    {
        var shape = HostShape.All.Single(shape => shape.Name == name);
        await using var host = await OwnHost.StartAsync(shape, withSkald: true);

        foreach (var path in new[]
        {
            "/", "/style.css", "/app/main.js", "/skald/index.js", "/docs/index.html", "/healthz", "/readyz", "/openapi/v1.json",
        })
        {
            using var answer = await host.GetAsync(path);
            Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode}");
            Assert.StartsWith(
                "default-src 'none'",
                Assert.Single(answer.Headers.GetValues("Content-Security-Policy")),
                StringComparison.Ordinal);
        }

        using var slashless = await host.GetAsync("");
        Assert.Equal($"{shape.Base}/", new Uri(host.Http.BaseAddress!, slashless.Headers.Location!).AbsolutePath);
        await AssertProblemAsync(await host.GetAsync("/nowhere"), "not_found");
        await AssertProblemAsync(await host.GetAsync("/api/nowhere"), "not_found");
        Assert.Contains(
            $"\"{shape.Base}/api/login".Replace("/shop", "", StringComparison.Ordinal),
            await (await host.GetAsync("/openapi/v1.json")).Content.ReadAsStringAsync(),
            StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task A_session_that_a_cookie_keeps_is_there_again_wherever_skald_is_mapped(string name)
    {
        var shape = HostShape.All.Single(shape => shape.Name == name);
        await using var host = await OwnHost.StartAsync(shape, withSkald: true);
        using var browser = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = host.Http.BaseAddress };
        using var registered = await host.PostAsync("/api/register/", new { username = "ann", password = "12345678" });

        var login = new { username = "ann", password = "12345678", keep = "cookie" };
        using var first = await browser.PostAsJsonAsync($"{shape.Base}/api/login/", login);
        using var again = await browser.PostAsJsonAsync($"{shape.Base}/api/token/refresh/", new { keep = "cookie" });
        var rules = await browser.GetFromJsonAsync<JsonElement>($"{shape.Base}/api/registration/");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (first.StatusCode, again.StatusCode));
        Assert.Equal($"{shape.Base}/", rules.GetProperty("path").GetString());
    }

    [Fact]
    public async Task Without_a_prefix_the_root_stays_the_applications()
    {
        await using var host = await OwnHost.StartAsync(HostShape.All[0], withSkald: true);

        foreach (var path in new[] { "/", "/healthz", "/readyz", "/docs/", "/openapi/v1.json", "/style.css", "/api/", "/api/nowhere/" })
        {
            using var answer = await host.GetAsync(path);
            Assert.Equal((path, HttpStatusCode.NotFound, ""), (path, answer.StatusCode, await answer.Content.ReadAsStringAsync()));
        }
    }

    [Fact]
    public async Task Documents_of_the_application_and_of_skald_are_apart()
    {
        await using var host = await OwnHost.StartAsync(
            HostShape.All.Single(shape => shape.Name == "own OpenAPI document"),
            withSkald: true);

        var own = await host.Http.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
        var ours = await host.Http.GetFromJsonAsync<JsonElement>("/openapi/skald.json");

        Assert.Equal("My Shop", own.GetProperty("info").GetProperty("title").GetString());
        Assert.False(own.GetProperty("paths").TryGetProperty("/api/login", out _));
        Assert.Equal("Skald", ours.GetProperty("info").GetProperty("title").GetString());
        Assert.True(ours.GetProperty("paths").TryGetProperty("/api/login", out _));
        Assert.False(ours.GetProperty("paths").TryGetProperty("/products", out _));
    }

    [Fact]
    public async Task Authorization_that_is_asked_for_at_skalds_own_routes_is_asked()
    {
        var shape = HostShape.All.Single(shape => shape.Name == "nobody gets in without a sign-in") with
        {
            Pipeline = (app, map) =>
            {
                app.UseAuthentication();
                app.UseAuthorization();
                map(app.MapGroup("").RequireAuthorization());
            },
        };
        await using var host = await OwnHost.StartAsync(shape, withSkald: true);

        using var answer = await host.PostAsync("/api/register/", new { username = "ann", password = "12345678" });

        Assert.Equal((HttpStatusCode.Unauthorized, ""), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task Log_of_the_application_has_its_requests_and_one_warning_about_their_addresses()
    {
        await using var host = await OwnHost.StartAsync(HostShape.All[0], withSkald: true);

        using var answer = await host.GetAsync("/products");

        await Deadline.UntilAsync(
            () => host.Log.Lines.Any(line => line.Contains("Request finished", StringComparison.Ordinal)),
            "the request is logged");
        Assert.Contains(
            host.Log.Lines,
            line => line.Contains("Weak setting Logging:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Fault_of_skald_is_a_problem_with_a_code_and_a_line_in_the_log()
    {
        var shape = HostShape.All.Single(shape => shape.Name == "own error pages");
        await using var host = await OwnHost.StartAsync(
            shape,
            withSkald: true,
            services => services.AddSingleton<Server.Accounts.Login>(_ => null!));

        using var answer = await host.PostAsync("/api/login/", new { username = "ann", password = "12345678" });

        await AssertProblemAsync(answer, "server_error");
        Assert.Contains(host.Log.Lines, line => line.Contains("[107] A request for /api/login ended by a fault", StringComparison.Ordinal));
    }

    private static async Task<string> AskAllAsync(HostShape shape, bool withSkald)
    {
        await using var host = await OwnHost.StartAsync(shape, withSkald);
        var told = new StringBuilder();
        foreach (var path in new[]
        {
            "GET /products", "HEAD /products", "GET /fault", "GET /problem", "GET /who", "GET /secret", "GET /nowhere", "GET /",
            "GET /healthz", "GET /openapi/v1.json", "DELETE /products",
            "OPTIONS /products", "POST /echo", "GET /docs/", "GET /style.css", "GET /readyz",
        })
        {
            var (method, address) = (path.Split(' ')[0], path.Split(' ')[1]);
            using var request = new HttpRequestMessage(new HttpMethod(method), address);
            request.Headers.Add("Origin", Origin);
            request.Headers.Add("X-Forwarded-For", "203.0.113.9");
            if (method == "OPTIONS")
                request.Headers.Add("Access-Control-Request-Method", "GET");
            if (method == "POST")
                request.Content = new StringContent(
                    string.Concat(Enumerable.Repeat("{\"a\":", 12)) + "1" + new string('}', 12),
                    Encoding.UTF8,
                    "application/json");
            using var answer = await host.Http.SendAsync(request);
            told.Append(path).Append(": ").Append((int)answer.StatusCode).Append('\n');
            foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers)
                .Where(header => header.Key != "Date")
                .OrderBy(header => header.Key, StringComparer.Ordinal))
                told.Append(name).Append(": ").AppendJoin(" | ", values).Append('\n');
            told.Append(await answer.Content.ReadAsStringAsync()).Append("\n\n");
        }

        return TraceId().Replace(told.ToString(), "").Replace(host.Http.BaseAddress!.Authority, "the host", StringComparison.Ordinal);
    }

    [GeneratedRegex("\"traceId\":\"[^\"]*\"")]
    private static partial Regex TraceId();

    private static async Task AssertProblemAsync(HttpResponseMessage answer, string code)
    {
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal(code, (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
    }
}
