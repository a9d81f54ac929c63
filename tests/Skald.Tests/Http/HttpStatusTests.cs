using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Skald.Server.History;
using Skald.Server.Rooms;
using Skald.Tests.Harness;

namespace Skald.Tests.Http;

/// <summary>What is refused over HTTP: each with its status, and a problem body with a stable code and a sentence.</summary>
public sealed class HttpStatusTests(SharedServer shared) : IClassFixture<SharedServer>
{
    /// <summary>A room that stays empty: nothing that is refused here is stored.</summary>
    private const string Messages = "/api/rooms/global/messages/";

    [Theory]
    [InlineData("GET", "/nowhere", 404, "not_found")]
    [InlineData("GET", "/api/", 404, "not_found")]
    [InlineData("GET", "/api/nowhere/", 404, "not_found")]
    [InlineData("GET", "/metrics", 404, "not_found")]
    [InlineData("GET", "/admin/", 404, "not_found")]
    [InlineData("GET", "/.env", 404, "not_found")]
    [InlineData("GET", "/skald.db", 404, "not_found")]
    [InlineData("GET", "/api/chat/history/", 404, "not_found")]
    [InlineData("POST", "/healthz", 405, "method_not_allowed")]
    [InlineData("GET", "/api/register/", 405, "method_not_allowed")]
    [InlineData("PUT", "/api/login", 405, "method_not_allowed")]
    [InlineData("DELETE", "/api/chat/history/global/", 405, "method_not_allowed")]
    [InlineData("GET", Messages, 405, "method_not_allowed")]
    [Attack("A-49")]
    public async Task Address_or_method_that_is_not_there_is_told_so(string method, string path, int status, string code)
    {
        var ann = shared.Ann;

        using var response = await ann.SendAsync(new HttpMethod(method), path);

        await AssertProblemAsync(response, status, code);
        Assert.Equal(status == 405, response.Content.Headers.Allow.Count > 0);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/healthz")]
    [InlineData("/readyz")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/docs/index.html")]
    [InlineData("/api/me/")]
    [InlineData("/api/chat/history/global/")]
    public async Task Head_is_answered_as_get_is_without_the_body(string path)
    {
        var ann = shared.Ann;
        using var got = await ann.SendAsync(HttpMethod.Get, path);

        using var head = await ann.SendAsync(HttpMethod.Head, path);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (got.StatusCode, head.StatusCode));
        Assert.Equal($"{got.Content.Headers.ContentType}", $"{head.Content.Headers.ContentType}");
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Options_of_the_root_is_answered_as_haproxy_asks_for_it()
    {
        var answer = await RawHttp.AskAsync(shared.Server.Address, "OPTIONS / HTTP/1.0");

        Assert.Equal(204, answer.Status);
    }

    [Theory]
    [InlineData("GET", "/api/chat/history/global/")]
    [InlineData("POST", Messages)]
    [InlineData("GET", "/api/me/")]
    [InlineData("POST", "/api/ws-ticket/")]
    [Attack("A-2")]
    public async Task Without_a_credential_or_with_a_wrong_one_the_answer_is_401(string method, string path)
    {
        var ann = shared.Ann;
        var ticket = await ann.TicketAsync();

        await AssertRefusedAsync(null, "not_authenticated");
        await AssertRefusedAsync(new("Basic", "YW5uOjEyMzQ1Njc4"), "not_authenticated");
        foreach (var token in new[] { "wrong", ann.Refresh, ticket, ann.Access + "x", new string('x', 5_000) })
            await AssertRefusedAsync(new("Bearer", token), "token_not_valid");

        // Neither the query nor a cookie signs anyone in here.
        using var byQuery = await shared.Server.Http.SendAsync(
            new HttpRequestMessage(new HttpMethod(method), $"{path}?token={ann.Access}&ticket={ticket}"));
        await AssertProblemAsync(byQuery, 401, "not_authenticated");
        using var byCookie =
            new HttpRequestMessage(new HttpMethod(method), path) { Headers = { { "Cookie", $"token={ann.Access}; access={ann.Access}" } } };
        using var response = await shared.Server.Http.SendAsync(byCookie);
        await AssertProblemAsync(response, 401, "not_authenticated");

        async Task AssertRefusedAsync(AuthenticationHeaderValue? credential, string code)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path) { Headers = { Authorization = credential } };
            using var refused = await shared.Server.Http.SendAsync(request);
            await AssertProblemAsync(refused, 401, code);
            Assert.Equal("Bearer", Assert.Single(refused.Headers.WwwAuthenticate).Scheme);
        }
    }

    [Theory]
    [InlineData("", "malformed")]
    [InlineData("{", "malformed")]
    [InlineData("[]", "malformed")]
    [InlineData("null", "malformed")]
    [InlineData("\"text\"", "malformed")]
    [InlineData("""{"message":"a"}{"message":"b"}""", "malformed")]
    [InlineData("""{"message":"a",}""", "malformed")]
    [InlineData("""{"message":"a"/* comment */}""", "malformed")]
    [InlineData("""{"message":"a","message":"b"}""", "malformed")]
    [InlineData("""{"message":"a","x":[[[[[[[[1]]]]]]]]}""", "malformed")]
    [InlineData("""{"message":"\ud800"}""", "malformed")]
    [InlineData("""{"message":"a\u0000b"}""", "malformed")]
    [InlineData("{}", "bad_request")]
    [InlineData("""{"message":null}""", "bad_request")]
    [InlineData("""{"message":""}""", "empty_message")]
    [InlineData("""{"message":"a","client_msg_id":"1234567"}""", "bad_client_msg_id")]
    [InlineData("""{"message":"a","client_msg_id":""}""", "bad_client_msg_id")]
    [InlineData("""{"message":"a","client_msg_id":"1234 5678"}""", "bad_client_msg_id")]
    [Attack("A-40")]
    public async Task Message_that_is_none_is_answered_400_and_not_stored(string body, string code)
    {
        var ann = shared.Ann;

        using var response = await PostAsync(ann, body, "application/json");

        await AssertProblemAsync(response, 400, code);
        Assert.Empty(await ann.HistoryAsync("global"));
    }

    [Theory]
    [InlineData("""{"message":5}""", "message")]
    [InlineData("""{"message":["a"]}""", "message")]
    [InlineData("""{"message":"a","client_msg_id":12345678}""", "client_msg_id")]
    public async Task Field_of_a_wrong_type_is_named(string body, string field)
    {
        var ann = shared.Ann;

        using var response = await PostAsync(ann, body, "application/json");

        Assert.Contains(field, await AssertProblemAsync(response, 400, "bad_request"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4_000, "a", 201)]
    [InlineData(4_001, "a", 400)]
    [InlineData(4_000, "é", 201)]
    [InlineData(2_000, "👋", 201)]
    [InlineData(2_001, "👋", 400)]
    [InlineData(2_666, "€", 201)]
    [InlineData(2_667, "€", 400)]
    public async Task Text_may_have_4000_code_points_and_8000_bytes(int count, string character, int status)
    {
        var ann = shared.Ann;

        using var response = await ann.PublishAsync("lengths", string.Concat(Enumerable.Repeat(character, count)));

        if (status == 201)
            Assert.Equal(201, (int)response.StatusCode);
        else
            await AssertProblemAsync(response, 400, "too_long");
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/xml")]
    [InlineData(null)]
    public async Task Body_of_another_type_is_answered_415(string? type)
    {
        var ann = shared.Ann;

        using var response = await PostAsync(ann, """{"message":"Hi"}""", type);

        await AssertProblemAsync(response, 415, "unsupported_media_type");
        Assert.Empty(await ann.HistoryAsync("global"));
    }

    [Theory]
    [InlineData(64 * 1024, false)]
    [InlineData(64 * 1024 + 1, true)]
    public async Task Body_may_have_64_KiB(int bytes, bool tooLarge)
    {
        var ann = shared.Ann;

        using var response = await PostAsync(ann, """{"message":"Hi"}""".PadRight(bytes), "application/json", "/api/rooms/sizes/messages/");

        if (tooLarge)
            await AssertProblemAsync(response, 413, "payload_too_large");
        else
            Assert.Equal(201, (int)response.StatusCode);
    }

    [Fact]
    public async Task Body_without_a_length_may_not_be_larger_either()
    {
        var ann = shared.Ann;
        using var raw = await RawHttp.OpenAsync(shared.Server.Address);

        await raw.WriteAsync($"POST {Messages} HTTP/1.1\r\nHost: {shared.Server.Address.Authority}\r\nAuthorization: Bearer {ann.Access}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
        var chunk = new string(' ', 0x8000);
        foreach (var part in new[] { $"8000\r\n{chunk}\r\n", $"8000\r\n{chunk}\r\n", "1\r\n \r\n0\r\n\r\n" })
            await raw.WriteAsync(part);

        Assert.Equal(413, (await raw.ReadAnswerAsync()).Status);
    }

    /// <summary>Else the kernel answers what it still writes with RST, and it never sees why.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_writes_a_body_that_is_too_large_to_its_end_has_the_answer_and_may_go_on(bool chunked)
    {
        const int Chunk = 0x8000, Chunks = 128;   // 4 MiB: more than the buffers of two sockets take
        var ann = shared.Ann;
        using var raw = await RawHttp.OpenAsync(shared.Server.Address);
        var length = chunked ? "Transfer-Encoding: chunked" : $"Content-Length: {Chunk * Chunks}";
        var part = chunked ? $"{Chunk:x}\r\n{new string(' ', Chunk)}\r\n" : new string(' ', Chunk);

        await raw.WriteAsync(
            $"POST {Messages} HTTP/1.1\r\nHost: {shared.Server.Address.Authority}\r\nAuthorization: Bearer {ann.Access}\r\n"
            + $"Content-Type: application/json\r\n{length}\r\n\r\n");
        for (var i = 0; i < 3; i++)
            await raw.WriteAsync(part);
        var refused = await raw.ReadAnswerAsync();
        for (var i = 3; i < Chunks; i++)
            await raw.WriteAsync(part);
        await raw.WriteAsync(chunked ? "0\r\n\r\n" : "");

        Assert.Equal((413, "payload_too_large"), (refused.Status, refused.Code));
        Assert.Equal(200, (await raw.AskAsync(shared.Server.Address, "GET /healthz", [], body: "")).Status);
    }

    [Theory]
    [InlineData("header of 17 KiB", 431)]
    [InlineData("51 headers", 431)]
    [InlineData("address of 9 KiB", 414)]
    [InlineData("two hosts", 400)]
    [InlineData("no host", 400)]
    [InlineData("length and chunks", 400)]
    [InlineData("two lengths", 400)]
    [Attack("A-15")]
    public async Task Request_beyond_what_the_web_server_takes_is_refused_before_any_of_our_code(string what, int status)
    {
        var server = shared.Server;
        using var raw = await RawHttp.OpenAsync(server.Address);
        var host = $"Host: {server.Address.Authority}\r\n";

        await raw.WriteAsync(what switch
        {
            "header of 17 KiB" => $"GET /healthz HTTP/1.1\r\n{host}X-Long: {new string('x', 17 * 1024)}\r\n\r\n",
            "51 headers" => $"GET /healthz HTTP/1.1\r\n{host}{string.Concat(Enumerable.Range(1, 50).Select(n => $"X-{n}: 1\r\n"))}\r\n",
            "address of 9 KiB" => $"GET /healthz?{new string('x', 9 * 1024)} HTTP/1.1\r\n{host}\r\n",
            "two hosts" => $"GET /healthz HTTP/1.1\r\n{host}Host: evil.example\r\n\r\n",
            "no host" => "GET /healthz HTTP/1.1\r\n\r\n",
            "length and chunks" => $"POST /api/login/ HTTP/1.1\r\n{host}Content-Type: application/json\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            _ => $"POST /api/login/ HTTP/1.1\r\n{host}Content-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}",
        });

        Assert.Equal(status, (await raw.ReadAnswerAsync()).Status);
        await raw.ExpectEndAsync();   // nothing after it is read as another request
    }

    [Fact]
    [Attack("A-55")]
    public async Task Fault_is_answered_500_and_tells_nothing_about_itself()
    {
        await using var server = await SkaldServer.StartAsync(configure: services => services.AddSingleton<IMessageStore, BrokenStore>());
        var ann = await server.RegisterAsync("ann");

        // The store claims a message, so that the history asks for it.
        var rooms = server.Services.GetRequiredService<RoomDirectory>();
        (await rooms.FindAsync("global"))!.Reach(1);
        using var response = await ann.SendAsync(HttpMethod.Get, "/api/chat/history/global/");

        var body = await AssertProblemAsync(response, 500, "server_error");
        Assert.DoesNotContain("Exception", body, StringComparison.Ordinal);
        Assert.DoesNotContain("secret of the store", body, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        Assert.Contains(server.Log.Lines, line => line.Contains("secret of the store", StringComparison.Ordinal));   // the operator sees it
    }

    private static async Task<string> AssertProblemAsync(HttpResponseMessage response, int status, string code)
    {
        var body = await response.Content.ReadAsStringAsync();
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonElement.Parse(body);
        Assert.Equal((status, code), (problem.GetProperty("status").GetInt32(), problem.GetProperty("code").GetString()));
        Assert.NotEmpty(problem.GetProperty("detail").GetString()!);
        return body;
    }

    private static async Task<HttpResponseMessage> PostAsync(TestUser user, string body, string? type, string path = Messages)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", user.Access);
        return await user.Server.Http.SendAsync(request);
    }

    private sealed class BrokenStore : IMessageStore
    {
        public string Epoch => "broken";

        public Task AppendAsync(Batch batch) => throw new InvalidOperationException("secret of the store");

        public Task ReadAsync(Room room, long first, long last, EntryVisitor visit) =>
            throw new InvalidOperationException("secret of the store");

        public Task ReadMessagesAsync(Room room, long first, long last, bool newestFirst, MessageVisitor visit) =>
            throw new InvalidOperationException("secret of the store");
    }
}
