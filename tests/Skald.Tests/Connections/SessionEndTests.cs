using System.Net.Http.Json;
using System.Text.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>What ends a session closes its sockets, exactly its sockets, and nothing of it opens another.</summary>
public sealed class SessionEndTests
{
    [Theory]
    [InlineData("logout")]
    [InlineData("end it from another session")]
    [InlineData("change the password elsewhere")]
    [InlineData("reuse its refresh token")]
    [Attack("A-30")]
    public async Task Ended_session_loses_its_sockets_and_cannot_return_while_others_stay(string how)
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync([("Accounts:RefreshGrace", "10 s")], clock: clock);
        var ended = await server.RegisterAsync("ann");
        var kept = await server.LoginAsync("ann");
        await using var room = await ended.OpenRoomAsync("global", "&since=0");
        await room.ExpectAsync("joined");
        await using var skald = await ended.JoinAsync("global");
        await using var other = await kept.JoinAsync("global");
        var ticket = await ended.TicketAsync();

        await EndAsync(how, ended, kept, clock);

        foreach (var socket in new[] { room, skald })
        {
            var closing = await socket.ExpectAsync("closing");
            Assert.Equal((4401, "token_not_valid", false), (
                closing.GetProperty("code").GetInt32(), closing.GetProperty("reason").GetString(),
                closing.GetProperty("reconnect").GetBoolean()));
            Assert.Equal(4401, await socket.ExpectCloseAsync());
        }

        await AssertCannotReturnAsync(ended, ticket);
        await other.SayAsync("global", "still here");
        Assert.Equal(["still here"], await other.ReceiveMessagesAsync(1));
    }

    [Fact]
    [Attack("A-34")]
    public async Task Ending_all_sessions_closes_every_socket_of_the_user_and_nobody_elses()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        var annElsewhere = await server.LoginAsync("ann");
        var bob = await server.RegisterAsync("bob");
        await using var first = await ann.ConnectAsync();
        await using var second = await annElsewhere.ConnectAsync();
        await using var others = await bob.JoinAsync("global");

        using var response = await ann.SendAsync(HttpMethod.Delete, "/api/me/sessions/");

        Assert.Equal(204, (int)response.StatusCode);
        Assert.Equal(4401, await first.ExpectCloseAsync());
        Assert.Equal(4401, await second.ExpectCloseAsync());
        await AssertCannotReturnAsync(ann);
        await AssertCannotReturnAsync(annElsewhere);
        await others.SayAsync("global", "still here");
        Assert.Equal(["still here"], await others.ReceiveMessagesAsync(1));
    }

    [Fact]
    public async Task Socket_that_authenticated_by_its_first_frame_ends_with_its_session_too()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ChatSocket.OpenAsync(server.SocketAddress("/ws/"));
        await socket.SendAsync(new { type = "auth", token = ann.Access });
        await socket.ExpectAsync("ready");

        await ann.SendAsync(HttpMethod.Post, "/api/logout/");

        Assert.Equal(4401, await socket.ExpectCloseAsync());
    }

    [Fact]
    public async Task Nothing_sent_after_the_end_is_stored()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        var kept = await server.LoginAsync("ann");
        using var raw = await RawHttp.UpgradeAsync(server.Address, $"/ws/?token={ann.Access}");
        await raw.SkipToAsync("ready");

        await ann.SendAsync(HttpMethod.Post, "/api/logout/");
        await raw.SendTextAsync("""{"type":"send","id":1,"room":"global","message":"too late"}""");

        Assert.Equal(4401, await raw.ExpectCloseAsync());
        Assert.Empty(await kept.HistoryAsync("global"));
    }

    [Fact]
    public async Task Session_that_expires_loses_its_sockets_and_one_that_is_refreshed_keeps_them()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        var idle = await server.RegisterAsync("ann");
        var used = await server.LoginAsync("ann");
        await using var lost = await idle.ConnectAsync();
        await using var kept = await used.JoinAsync("global");

        // Only the wall clock moves: nobody has been silent for that long.
        clock.Jump(TimeSpan.FromHours(20));
        using var refreshed = await server.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh = used.Refresh });
        refreshed.EnsureSuccessStatusCode();
        clock.Jump(TimeSpan.FromHours(5));
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(4401, await lost.ExpectCloseAsync());
        await kept.SayAsync("global", "still here");
        Assert.Equal(["still here"], await kept.ReceiveMessagesAsync(1));
    }

    [Fact]
    public async Task Socket_outlives_the_access_token_that_opened_it()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ann.JoinAsync("global");

        clock.Jump(TimeSpan.FromHours(1));
        clock.Advance(TimeSpan.FromSeconds(1));

        await socket.SayAsync("global", "still here");
        Assert.Equal(["still here"], await socket.ReceiveMessagesAsync(1));
        using var response = await ann.SendAsync(HttpMethod.Get, "/api/me/");
        Assert.Equal(401, (int)response.StatusCode);
    }

    [Fact]
    public async Task Session_that_ended_before_a_restart_opens_nothing_after_it()
    {
        using var data = new TestDirectory();
        TestUser ann;
        await using (var before = await SkaldServer.StartAsync(data: data.Path))
        {
            ann = await before.RegisterAsync("ann");
            (await ann.SendAsync(HttpMethod.Post, "/api/logout/")).EnsureSuccessStatusCode();
            await before.StopAsync();
        }

        await using var server = await SkaldServer.StartAsync(data: data.Path);

        await AssertCannotReturnAsync(ann with { Server = server });
    }

    [Fact]
    [Attack("A-66")]
    public async Task Sockets_opened_while_their_session_ends_are_refused_or_closed()
    {
        await using var server = await SkaldServer.StartAsync();
        await server.RegisterAsync("ann");
        for (var round = 0; round < 10; round++)
        {
            var session = await server.LoginAsync("ann");
            var opening = Enumerable.Range(0, 6).Select(_ => OpenAndWaitForTheEndAsync(session)).ToArray();
            await session.SendAsync(HttpMethod.Post, "/api/logout/");
            await Task.WhenAll(opening);
        }
    }

    /// <summary>Either the handshake is refused, or the socket is closed with 4401: none stays open.</summary>
    private static async Task OpenAndWaitForTheEndAsync(TestUser user)
    {
        using var raw = await RawHttp.OpenAsync(user.Server.Address);
        var answer = await raw.AskAsync(user.Server.Address, $"GET /ws/?token={user.Access}", RawHttp.Handshake, body: "");
        Assert.Equal(answer.Status == 101 ? 4401 : 403, answer.Status == 101 ? await raw.ExpectCloseAsync() : answer.Status);
    }

    private static async Task EndAsync(string how, TestUser ended, TestUser kept, FakeClock clock)
    {
        using var response = how switch
        {
            "logout" => await ended.SendAsync(HttpMethod.Post, "/api/logout/"),
            "end it from another session" => await kept.SendAsync(HttpMethod.Delete, $"/api/me/sessions/{await OtherSessionAsync(kept)}/"),
            "change the password elsewhere" =>
                await kept.SendAsync(
                    HttpMethod.Post,
                    "/api/me/password/",
                    new { current_password = "12345678", new_password = "correct horse" }),
            _ => await ReuseAsync(ended, clock),
        };
        Assert.Equal(how == "reuse its refresh token" ? 401 : 204, (int)response.StatusCode);
    }

    private static async Task<long> OtherSessionAsync(TestUser user)
    {
        using var response = await user.SendAsync(HttpMethod.Get, "/api/me/sessions/");
        var sessions = (await response.Content.ReadFromJsonAsync<JsonElement[]>())!;
        return Assert.Single(sessions, session => !session.GetProperty("current").GetBoolean()).GetProperty("id").GetInt64();
    }

    /// <summary>Refreshes, and presents the used token again once the grace is over.</summary>
    private static async Task<HttpResponseMessage> ReuseAsync(TestUser user, FakeClock clock)
    {
        (await user.Server.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh = user.Refresh })).EnsureSuccessStatusCode();
        clock.Advance(TimeSpan.FromSeconds(11));
        return await user.Server.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh = user.Refresh });
    }

    private static async Task AssertCannotReturnAsync(TestUser user, string? ticket = null)
    {
        var server = user.Server;
        Assert.Equal(403, (await RawHttp.HandshakeAsync(server.Address, $"/ws/?token={user.Access}")).Status);
        Assert.Equal(403, (await RawHttp.HandshakeAsync(server.Address, $"/ws/chat/global/?token={user.Access}")).Status);
        if (ticket is not null)
            Assert.Equal(403, (await RawHttp.HandshakeAsync(server.Address, $"/ws/?ticket={ticket}")).Status);
        using var refresh = await server.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh = user.Refresh });
        Assert.Equal(401, (int)refresh.StatusCode);
        using var history = await user.SendAsync(HttpMethod.Get, "/api/chat/history/global/");
        Assert.Equal(401, (int)history.StatusCode);
        await using var socket = await ChatSocket.OpenAsync(server.SocketAddress("/ws/"));
        await socket.SendAsync(new { type = "auth", token = user.Access });
        Assert.Equal(4401, await socket.ExpectCloseAsync());
    }
}
