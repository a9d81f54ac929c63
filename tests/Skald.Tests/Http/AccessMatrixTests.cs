using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Skald.Protocol;
using Skald.Server.Identity;
using Skald.Tests.Harness;

namespace Skald.Tests.Http;

/// <summary>
/// Who may do what, over every route and with every command. What there is comes from the server's own tables: a route or a
/// command that is added without a row here fails.
/// </summary>
[Attack("A-32")]
public sealed class AccessMatrixTests
{
    /// <summary>Who asks, in the order of the columns below. Whose the thing asked for is: the user's.</summary>
    private static readonly string[] Roles = ["nobody", "expired token", "ended session", "the user", "another user"];

    private static readonly Dictionary<string, (string Path, string? Body, int[] Status)> Routes = new(StringComparer.Ordinal)
    {
        ["GET /healthz"] = ("/healthz", null, [200, 200, 200, 200, 200]),
        ["GET /readyz"] = ("/readyz", null, [200, 200, 200, 200, 200]),
        ["GET /openapi/v1.json"] = ("/openapi/v1.json", null, [200, 200, 200, 200, 200]),
        ["GET /api/registration"] = ("/api/registration", null, [200, 200, 200, 200, 200]),
        ["POST /api/register"] = ("/api/register", """{"username":"","password":"12345678"}""", [400, 400, 400, 400, 400]),
        ["POST /api/login"] = ("/api/login", """{"username":"ann","password":"wrong password"}""", [401, 401, 401, 401, 401]),
        ["POST /api/token/refresh"] = ("/api/token/refresh", """{"refresh":"wrong"}""", [401, 401, 401, 401, 401]),
        ["POST /api/logout"] = ("/api/logout", null, [401, 401, 401, 204, 204]),
        ["GET /api/me"] = ("/api/me", null, [401, 401, 401, 200, 200]),
        ["POST /api/me/password"] =
            ("/api/me/password", """{"current_password":"wrong password","new_password":"another password"}""", [401, 401, 401, 400, 400]),
        ["GET /api/me/sessions"] = ("/api/me/sessions", null, [401, 401, 401, 200, 200]),
        ["DELETE /api/me/sessions/{id:long}"] = ("/api/me/sessions/{session}", null, [401, 401, 401, 204, 404]),
        ["DELETE /api/me/sessions"] = ("/api/me/sessions", null, [401, 401, 401, 204, 204]),
        ["POST /api/ws-ticket"] = ("/api/ws-ticket", null, [401, 401, 401, 200, 200]),
        ["GET /api/chat/history/{room}"] = ("/api/chat/history/global", null, [401, 401, 401, 200, 200]),
        ["POST /api/rooms/{room}/messages"] = ("/api/rooms/global/messages", """{"message":"x"}""", [401, 401, 401, 201, 201]),
        ["PATCH /api/rooms/{room}/messages/{seq}"] =
            ("/api/rooms/global/messages/{message}", """{"message":"y"}""", [401, 401, 401, 200, 403]),
        ["DELETE /api/rooms/{room}/messages/{seq}"] = ("/api/rooms/global/messages/{message}", null, [401, 401, 401, 200, 403]),
        ["POST /api/rooms"] = ("/api/rooms", """{"title":"ours"}""", [401, 401, 401, 201, 201]),
        ["GET /api/rooms"] = ("/api/rooms", null, [401, 401, 401, 200, 200]),
        ["GET /api/me/rooms"] = ("/api/me/rooms", null, [401, 401, 401, 200, 200]),
        ["GET /api/rooms/{room}"] = ("/api/rooms/global", null, [401, 401, 401, 200, 200]),
        ["PATCH /api/rooms/{room}"] = ("/api/rooms/global", """{"title":"ours"}""", [401, 401, 401, 403, 403]),
        ["GET /api/rooms/{room}/members"] = ("/api/rooms/global/members", null, [401, 401, 401, 200, 200]),
        ["POST /api/rooms/{room}/members"] =
            ("/api/rooms/global/members", """{"op":"add","users":["ann"]}""", [401, 401, 401, 403, 403]),
        ["GET /api/rooms/{room}/explain"] = ("/api/rooms/global/explain?action=send", null, [401, 401, 401, 200, 200]),
        // The handshake of a socket that authenticates by its first frame is for everybody.
        ["GET /ws"] = ("/ws", null, [101, 403, 403, 101, 101]),
        ["GET /ws/chat/{room}"] = ("/ws/chat/global", null, [403, 403, 403, 101, 101]),
        ["CONNECT /ws"] = ("/ws", null, [200, 403, 403, 200, 200]),
        ["CONNECT /ws/chat/{room}"] = ("/ws/chat/global", null, [403, 403, 403, 200, 200]),
    };

    /// <summary>The type of the answer, or the code of an error or of the close. A socket outlives its token, not its session.</summary>
    private static readonly Dictionary<string, (string Frame, string[] Answer)> Commands = new(StringComparer.Ordinal)
    {
        [nameof(AuthCommand)] =
            ("""{"type":"auth","id":1,"token":"{token}"}""", ["token_not_valid", "token_not_valid", "4401", "ready", "ready"]),
        [nameof(JoinCommand)] =
            ("""{"type":"join","id":1,"room":"global","since":0}""", ["not_authenticated", "joined", "4401", "joined", "joined"]),
        [nameof(ResumeCommand)] =
            ("""{"type":"resume","id":1,"rooms":{"global":0}}""", ["not_authenticated", "joined", "4401", "joined", "joined"]),
        [nameof(LeaveCommand)] = ("""{"type":"leave","id":1,"room":"global"}""", ["not_authenticated", "left", "4401", "left", "left"]),
        [nameof(SendCommand)] =
            ("""{"type":"send","id":1,"room":"global","message":"x"}""", ["not_authenticated", "ack", "4401", "ack", "ack"]),
        [nameof(EditCommand)] = (
            """{"type":"edit","id":1,"room":"global","seq":{message},"message":"y"}""",
            ["not_authenticated", "ack", "4401", "ack", "forbidden"]),
        [nameof(DeleteCommand)] =
            ("""{"type":"delete","id":1,"room":"global","seq":{message}}""", ["not_authenticated", "ack", "4401", "ack", "forbidden"]),
        [nameof(SignalCommand)] = (
            """{"type":"signal","id":1,"room":"global","event":"wave"}""",
            ["not_authenticated", "not_joined", "4401", "not_joined", "not_joined"]),
        [nameof(MembersCommand)] = (
            """{"type":"members","id":1,"room":"global","op":"add","users":["ann"]}""",
            ["not_authenticated", "forbidden", "4401", "forbidden", "forbidden"]),
        [nameof(RoomCommand)] = (
            """{"type":"room","id":1,"room":"global","title":"All"}""",
            ["not_authenticated", "forbidden", "4401", "forbidden", "forbidden"]),
        [nameof(PingCommand)] = ("""{"type":"ping","id":1}""", ["not_authenticated", "pong", "4401", "pong", "pong"]),
    };

    [Fact]
    public async Task Every_route_has_a_row()
    {
        await using var server = await SkaldServer.StartAsync();
        var routes = server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .SelectMany(route => route.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
                .Select(method => $"{method} {route.RoutePattern.RawText}"))
            .ToArray();
        // A HEAD is a GET whose body is left out: it is wherever that is, and for the same.
        Assert.All(
            routes.Where(route => route.StartsWith("GET ", StringComparison.Ordinal)),
            route => Assert.Contains($"HEAD {route[4..]}", routes));
        routes = [.. routes.Where(route => !route.StartsWith("HEAD ", StringComparison.Ordinal))];

        Assert.Equal(routes.Order(StringComparer.Ordinal), Routes.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_command_has_a_row()
    {
        var commands = typeof(ClientCommand).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(ClientCommand)) && !type.IsAbstract)
            .Select(type => type.Name);

        Assert.Equal(commands.Order(StringComparer.Ordinal), Commands.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Route_is_for_those_it_is_for()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock, certificate: TestCertificate.Value);
        var wrong = new List<string>();
        foreach (var (route, (path, body, status)) in Routes)
        {
            for (var role = 0; role < Roles.Length; role++)
            {
                var (asks, owner) = await TakeRoleAsync(server, clock, Roles[role]);
                var answer = await AskAsync(server, route.Split(' ')[0], await NamedAsync(path, owner), body, asks);
                if (answer != status[role])
                    wrong.Add($"{route}, {Roles[role]}: {answer}, not {status[role]}");
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Command_is_for_those_it_is_for()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        var wrong = new List<string>();
        foreach (var (command, (frame, answers)) in Commands)
        {
            for (var role = 0; role < Roles.Length; role++)
            {
                RawHttp? socket = null;
                var (asks, owner) = await TakeRoleAsync(server, clock, Roles[role], async user =>
                {
                    socket = await RawHttp.UpgradeAsync(server.Address, $"/ws?token={user.Access}");
                    await socket.SkipToAsync("ready");
                });
                socket ??= await RawHttp.UpgradeAsync(server.Address, "/ws");
                await socket.SendTextAsync(
                    await NamedAsync(frame.Replace("{token}", asks?.Access ?? "wrong", StringComparison.Ordinal), owner));
                var answer = Name(await socket.ReadJsonAsync());
                if (answer != answers[role])
                    wrong.Add($"{command}, {Roles[role]}: {answer}, not {answers[role]}");
                socket.Dispose();
            }
        }

        Assert.Empty(wrong);
    }

    private static async Task<int> AskAsync(SkaldServer server, string method, string path, string? body, TestUser? asks)
    {
        if (method == "CONNECT")
            return await ConnectAsync(server, path, asks);
        if (path.StartsWith("/ws", StringComparison.Ordinal))
            return (await RawHttp.HandshakeAsync(server.Address, asks is null ? path : $"{path}?token={asks.Access}")).Status;
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (asks is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", asks.Access);
        if (body is not null)
            request.Content = new StringContent(body, new MediaTypeHeaderValue("application/json"));
        using var response = await server.Http.SendAsync(request);
        return (int)response.StatusCode;
    }

    /// <summary>A socket's handshake over HTTP/2.</summary>
    private static async Task<int> ConnectAsync(SkaldServer server, string path, TestUser? asks)
    {
        using var request = new HttpRequestMessage(HttpMethod.Connect, asks is null ? path : $"{path}?token={asks.Access}");
        (request.Version, request.VersionPolicy, request.Headers.Protocol) =
            (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact, "websocket");
        request.Headers.Add("Sec-WebSocket-Version", "13");
        using var response = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return (int)response.StatusCode;
    }

    private static string? Name(JsonElement answer) => answer.GetProperty("type").GetString() switch
    {
        "error" => answer.GetProperty("code").GetString(),
        "closing" => answer.GetProperty("code").GetRawText(),
        var type => type,
    };

    /// <param name="role">One of <see cref="Roles"/>.</param>
    /// <param name="before">What the role did while it was still a user like any other.</param>
    /// <returns>Who asks, and the user whose things are asked for.</returns>
    private static async Task<(TestUser? Asks, TestUser Owner)> TakeRoleAsync(
        SkaldServer server, FakeClock clock, string role, Func<TestUser, Task>? before = null)
    {
        var name = $"ann-{Guid.NewGuid():N}";
        var ann = await server.RegisterAsync(name);
        var asks = role switch
        {
            "nobody" => null,
            "another user" => await server.RegisterAsync($"bob-{Guid.NewGuid():N}"),
            _ => ann,
        };
        if (asks is not null && before is not null)
            await before(asks);
        if (role == "expired token")
            clock.Jump(TimeSpan.FromMinutes(6));
        else if (role == "ended session")
            (await ann.SendAsync(HttpMethod.Post, "/api/logout")).EnsureSuccessStatusCode();
        return (asks, role is "expired token" or "ended session" ? await server.LoginAsync(name) : ann);
    }

    /// <summary>With the owner's things where a row has a name for them.</summary>
    private static async Task<string> NamedAsync(string row, TestUser owner)
    {
        if (row.Contains("{session}", StringComparison.Ordinal))
            return row.Replace("{session}", $"{await SessionAsync(owner)}", StringComparison.Ordinal);
        if (!row.Contains("{message}", StringComparison.Ordinal))
            return row;
        using var sent = await owner.PublishAsync("global", "x");
        var message = (await sent.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("seq").GetInt64();
        return row.Replace("{message}", $"{message}", StringComparison.Ordinal);
    }

    private static async Task<long> SessionAsync(TestUser user) =>
        (await user.Server.Services.GetRequiredService<AccessTokens>().ValidateAsync(user.Access)).TryGet(out var known, out _)
            ? known.SessionId
            : 0;
}
