using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Skald.Protocol;
using Skald.Server;
using Skald.Tests.Harness;

namespace Skald.Tests.Http;

/// <summary>The OpenAPI document tells everything that the routes do.</summary>
public sealed class OpenApiTests
{
    [Fact]
    public async Task Sentences_tell_what_is_set_on_this_server()
    {
        await using var server = await SkaldServer.StartAsync(
        [
            ("Limits:Enabled", "true"), ("Limits:LoginFailures", "7"), ("Accounts:RefreshGrace", "45 s"),
            ("Accounts:PasswordMinLength", "9"),
            ("Accounts:PasswordMaxLength", "99"), ("Limits:MessageCodePoints", "777"), ("Limits:MessageBytes", "1,555"),
        ]);

        var document = await server.Http.GetStringAsync("/openapi/v1.json");

        foreach (var sentence in new[]
        {
            "After 7 failures each further attempt", "Presented again within 45 s", "\"At most 99 characters.\"",
            "\"9–99 characters.\"", "at most 777 code points and 1,555 bytes",
        })
            Assert.Contains(sentence, document.Replace("\\u2013", "–", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotMatch(@"\{\w+:\w+\}", document);
    }

    [Fact]
    public async Task Every_route_is_described_but_the_sockets_and_the_document_itself()
    {
        await using var server = await SkaldServer.StartAsync();
        var routes = server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => route.RoutePattern.RawText is { } path
            && !path.StartsWith("/ws", StringComparison.Ordinal)
            && !path.StartsWith("/openapi", StringComparison.Ordinal))
            .SelectMany(route => route.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
                .Where(method => method != "HEAD")
                .Select(method => $"{method} {route.RoutePattern.RawText!.Replace(":long", "", StringComparison.Ordinal)}"));

        var described = (await OperationsAsync(server)).Select(operation => operation.Name);

        Assert.Equal(routes.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_answer_with_a_body_has_a_schema_and_an_example()
    {
        await using var server = await SkaldServer.StartAsync();

        foreach (var (name, operation) in await OperationsAsync(server))
        {
            Assert.True(operation.TryGetProperty("summary", out _), name);
            if (operation.TryGetProperty("requestBody", out var request))
                AssertDescribed($"{name} body", request.GetProperty("content"));
            foreach (var response in operation.GetProperty("responses").EnumerateObject()
                .Where(response => response.Name is not ("204" or "431")))
            {
                Assert.True(response.Value.TryGetProperty("content", out var content), $"{name} {response.Name} has no body");
                AssertDescribed($"{name} {response.Name}", content);
            }
        }

        static void AssertDescribed(string name, JsonElement content)
        {
            foreach (var media in content.EnumerateObject())
            {
                Assert.True(media.Value.TryGetProperty("schema", out _), $"{name} {media.Name} has no schema");
                Assert.True(media.Value.TryGetProperty("example", out _), $"{name} {media.Name} has no example");
            }
        }
    }

    [Fact]
    public async Task Every_refusal_is_a_problem_with_a_code_of_its_status()
    {
        await using var server = await SkaldServer.StartAsync();

        foreach (var (name, operation) in await OperationsAsync(server))
        {
            // 431 is Kestrel's own answer, without a body. A readiness check answers its own body: it is no refusal.
            foreach (var response in operation.GetProperty("responses").EnumerateObject()
                .Where(r => r.Name[0] is '4' or '5' && r.Name != "431" && name != "GET /readyz"))
            {
                var media = Assert.Single(response.Value.GetProperty("content").EnumerateObject());
                var example = media.Value.GetProperty("example");
                Assert.Equal("application/problem+json", media.Name);
                Assert.Equal(response.Name, example.GetProperty("status").GetRawText());
                var code = Assert.Single(ErrorCode.All, code => code.Name == example.GetProperty("code").GetString());
                Assert.Equal(response.Name, $"{code.Status}");
                Assert.NotEmpty(example.GetProperty("detail").GetString()!);
            }
        }
    }

    [Fact]
    public async Task What_needs_a_token_says_so()
    {
        await using var server = await SkaldServer.StartAsync();
        string[] open =
            ["GET /api/registration", "GET /healthz", "GET /readyz", "POST /api/login", "POST /api/register", "POST /api/token/refresh"];

        foreach (var (name, operation) in await OperationsAsync(server))
        {
            Assert.Equal(
                !open.Contains(name),
                Assert.Single(operation.GetProperty("security").EnumerateArray()).TryGetProperty("Bearer", out _));
            Assert.Equal(
                !open.Contains(name),
                operation.GetProperty("responses")
                    .TryGetProperty("401", out _) && name != "POST /api/login" && name != "POST /api/token/refresh");
        }
    }

    [Fact]
    public async Task Examples_have_the_fields_of_the_real_answers()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        var operations = (await OperationsAsync(server)).ToDictionary(operation => operation.Name, operation => operation.Operation);

        using var created = await ann.PublishAsync("global", "Hello world", "0b9f2c1e-7f3a");
        using var duplicate = await ann.PublishAsync("global", "Hello world", "0b9f2c1e-7f3a");
        using var empty = await ann.PublishAsync("global", "");
        using var history = await ann.SendAsync(HttpMethod.Get, "/api/chat/history/global/");
        using var edited = await ann.SendAsync(HttpMethod.Patch, "/api/rooms/global/messages/1/", new { message = "Hello, world!" });
        using var conflict = await ann.SendAsync(
            HttpMethod.Patch,
            "/api/rooms/global/messages/1/",
            new { message = "Hello?", if_version = 1 });
        using var deleted = await ann.SendAsync(HttpMethod.Delete, "/api/rooms/global/messages/1/");
        using var gone = await ann.SendAsync(HttpMethod.Patch, "/api/rooms/global/messages/1/", new { message = "Hello?" });
        using var never = await ann.SendAsync(HttpMethod.Delete, "/api/rooms/global/messages/99/");
        using var badLimit = await ann.SendAsync(HttpMethod.Get, "/api/chat/history/global/?limit=0");
        using var stranger = await server.Http.GetAsync("/api/chat/history/global/");

        await AssertAsync("POST /api/rooms/{room}/messages", created);
        await AssertAsync("POST /api/rooms/{room}/messages", duplicate);
        await AssertAsync("POST /api/rooms/{room}/messages", empty);
        await AssertAsync("PATCH /api/rooms/{room}/messages/{seq}", edited);
        await AssertAsync("PATCH /api/rooms/{room}/messages/{seq}", conflict, optional: "now");
        await AssertAsync("PATCH /api/rooms/{room}/messages/{seq}", gone);
        await AssertAsync("DELETE /api/rooms/{room}/messages/{seq}", deleted);
        await AssertAsync("DELETE /api/rooms/{room}/messages/{seq}", never);
        await AssertAsync("GET /api/chat/history/{room}", history, optional: "client_msg_id");
        await AssertAsync("GET /api/chat/history/{room}", badLimit);
        await AssertAsync("GET /api/chat/history/{room}", stranger);
        await AssertAsync("GET /api/registration", await server.Http.GetAsync("/api/registration"));
        await AssertAsync("GET /healthz", await server.Http.GetAsync("/healthz"));
        await AssertAsync("GET /readyz", await server.Http.GetAsync("/readyz"));

        async Task AssertAsync(string name, HttpResponseMessage response, string? optional = null)
        {
            var media = operations[name].GetProperty("responses").GetProperty($"{(int)response.StatusCode}").GetProperty("content")
                .GetProperty(response.Content.Headers.ContentType!.MediaType!);
            var real = await response.Content.ReadFromJsonAsync<JsonElement>();
            Assert.Equal(Fields(media.GetProperty("example"), optional), Fields(real, optional));
        }

        static IEnumerable<string> Fields(JsonElement json, string? optional) =>
            (json.ValueKind == JsonValueKind.Array ? json[0] : json).EnumerateObject().Select(field => field.Name)
                .Where(name => name != optional).Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task In_an_application_with_JSON_of_its_own_and_below_a_prefix_the_document_still_says_what_Skald_sends_and_where()
    {
        await using var server = await SkaldServer.StartAsync();
        using var data = new TestDirectory();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(
            [new("Urls", "http://127.0.0.1:0"), new("Data", data.Path), new("Limits:Enabled", "false")]);
        builder.Logging.ClearProviders();
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.PropertyNamingPolicy = null);
        builder.AddSkald();
        await using var product = builder.Build();
        product.MapSkald("/chat");
        await product.StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri(product.Urls.Single()) };

        var alone = await server.Http.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
        var hosted = await http.GetFromJsonAsync<JsonElement>("/chat/openapi/v1.json");

        Assert.Equal(Fields(alone), Fields(hosted));
        Assert.Equal(Paths(alone).Select(path => "/chat" + path), Paths(hosted));
        Assert.Equal(http.BaseAddress, RootOf(hosted, new Uri(http.BaseAddress, "/chat/openapi/v1.json")));
        Assert.Equal(server.Address, RootOf(alone, new Uri(server.Address, "/openapi/v1.json")));

        static IEnumerable<string> Paths(JsonElement document) =>
            document.GetProperty("paths").EnumerateObject().Select(path => path.Name).Order(StringComparer.Ordinal);
        static IEnumerable<string> Fields(JsonElement document) =>
            document.GetProperty("components").GetProperty("schemas").EnumerateObject()
                .Where(schema => schema.Value.TryGetProperty("properties", out _))
                .SelectMany(schema => schema.Value.GetProperty("properties").EnumerateObject()
                .Select(field => $"{schema.Name}.{field.Name}: {field.Value.GetRawText()}")).Order(StringComparer.Ordinal);
        static Uri RootOf(JsonElement document, Uri address) =>
            new(address, document.GetProperty("servers")[0].GetProperty("url").GetString() + "/");
    }

    [Fact]
    public async Task Methods_of_generated_clients_have_these_names()
    {
        await using var server = await SkaldServer.StartAsync();
        var names = (await OperationsAsync(server)).ToDictionary(
            operation => operation.Operation.GetProperty("operationId").GetString()!,
            operation => operation.Name,
            StringComparer.Ordinal);

        // A name that is out in somebody's code stays.
        Assert.Equal(
            [
                "changeMembers: POST /api/rooms/{room}/members", "changePassword: POST /api/me/password",
                "changeRoom: PATCH /api/rooms/{room}", "createRoom: POST /api/rooms", "createSocketTicket: POST /api/ws-ticket",
                "deleteMessage: DELETE /api/rooms/{room}/messages/{seq}",
                "editMessage: PATCH /api/rooms/{room}/messages/{seq}", "endAllSessions: DELETE /api/me/sessions",
                "endSession: DELETE /api/me/sessions/{id}", "explainRoom: GET /api/rooms/{room}/explain",
                "getHealth: GET /healthz", "getMe: GET /api/me", "getReadiness: GET /readyz",
                "getRegistration: GET /api/registration", "getRoom: GET /api/rooms/{room}", "listMembers: GET /api/rooms/{room}/members",
                "listMyRooms: GET /api/me/rooms", "listRooms: GET /api/rooms", "listSessions: GET /api/me/sessions",
                "login: POST /api/login",
                "logout: POST /api/logout", "readHistory: GET /api/chat/history/{room}",
                "refreshTokens: POST /api/token/refresh", "register: POST /api/register", "sendMessage: POST /api/rooms/{room}/messages",
            ],
            names.Select(name => $"{name.Key}: {name.Value}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Types_are_those_of_the_wire_and_nothing_is_a_number_or_a_text()
    {
        await using var server = await SkaldServer.StartAsync();
        var document = await server.Http.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
        var schemas = document.GetProperty("components").GetProperty("schemas");

        Assert.DoesNotMatch("\"type\":\\s*\\[", document.GetRawText());
        Assert.Equal(
            "integer",
            schemas.GetProperty("HistoryMessage").GetProperty("properties").GetProperty("seq").GetProperty("type").GetString());
        Assert.Equal(
            "int64",
            schemas.GetProperty("HistoryMessage").GetProperty("properties").GetProperty("seq").GetProperty("format").GetString());
        Assert.DoesNotContain(
            "client_msg_id",
            schemas.GetProperty("SendRequest").GetProperty("required").EnumerateArray().Select(field => field.GetString()));
        var known = schemas.GetProperty("Problem").GetProperty("properties").GetProperty("code").GetProperty("x-extensible-enum")
            .EnumerateArray().Select(code => code.GetString());
        Assert.Equal(ErrorCode.All.Select(code => code.Name), known);
        Assert.Equal("0.1.0", document.GetProperty("info").GetProperty("version").GetString());
        Assert.Equal(
            ["Accounts", "Messages", "Operations", "Rooms"],
            document.GetProperty("tags").EnumerateArray().Select(tag => tag.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task Docs_page_is_served_from_here()
    {
        await using var server = await SkaldServer.StartAsync();

        var page = await server.Http.GetStringAsync("/docs/");

        Assert.Contains("swagger-ui", page, StringComparison.Ordinal);
        Assert.DoesNotContain("https://", page, StringComparison.Ordinal);
    }

    /// <summary>As <c>GET /path</c>.</summary>
    private static async Task<List<(string Name, JsonElement Operation)>> OperationsAsync(SkaldServer server)
    {
        var document = await server.Http.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
        var operations = document.GetProperty("paths").EnumerateObject()
            .SelectMany(
                path => path.Value.EnumerateObject().Select(method => ($"{method.Name.ToUpperInvariant()} {path.Name}", method.Value)))
            .ToList();
        Assert.NotEmpty(operations);
        return operations;
    }
}
