using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>P-28 and P-29: access tokens that expire under open sockets, and refresh tokens that two clients use.</summary>
public sealed class ExpiryAndReuseTests
{
    private static readonly (string, string) ShortLife = ("Accounts:AccessLifetime", "00:00:20");

    /// <summary>The token's life, the 30 s for clocks that differ, and a second.</summary>
    private static readonly TimeSpan UntilExpired = TimeSpan.FromSeconds(20 + 30 + 1);

    [Fact]
    public async Task Expired_token_opens_nothing_and_the_socket_it_opened_misses_nothing()
    {
        var opened = await ExpireAsync(ShortLife);

        Assert.All(opened, ways => Assert.Equal(0, ways));
    }

    [Fact]
    public async Task Token_that_lives_longer_still_opens_everything()
    {
        var opened = await ExpireAsync(("Accounts:AccessLifetime", "01:00:00"));

        Assert.All(opened, ways => Assert.Equal(4, ways));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    [InlineData(60)]
    public Task Token_used_again_within_a_minute_yields_the_same_successor_to_both_clients(int seconds) =>
        UseTwiceAsync(seconds, survives: true);

    [Theory]
    [InlineData(61)]
    [InlineData(3_600)]
    [Attack("A-27")]
    public Task Token_used_again_later_ends_the_session_for_both_clients_and_no_other(int seconds) =>
        UseTwiceAsync(seconds, survives: false);

    [Fact]
    public Task With_a_longer_grace_the_second_use_ends_nothing() =>
        UseTwiceAsync(61, survives: true, ("Accounts:RefreshGrace", "00:02:00"));

    /// <summary>One socket through the lives of several tokens, and what each of them opens when it is over.</summary>
    /// <returns>For each token, the ways by which it led in.</returns>
    private static async Task<List<int>> ExpireAsync((string, string) lifetime)
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync([lifetime], clock);
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ann.JoinAsync("global");
        var opened = new List<int>();
        for (var token = 0; token < Seed.Count(3, 20); token++)
        {
            // Only the wall clock moves: nobody has been silent for that long.
            clock.Jump(UntilExpired);
            clock.Advance(TimeSpan.FromSeconds(1));

            opened.Add(await CountWaysInAsync(ann));
            await socket.SayAsync("global", $"{token}");
            Assert.Equal([$"{token}"], await socket.ReceiveMessagesAsync(1));
            ann = await RefreshAsync(server.Http, ann) is { } next ? next : throw new InvalidOperationException("The session has ended.");
        }

        await using var back = await ann.ConnectAsync();
        await back.JoinAsync("global", since: 0);
        Assert.Equal(opened.Select((_, n) => $"{n}"), await back.ReceiveMessagesAsync(opened.Count));
        return opened;
    }

    /// <summary>The owner refreshes; so many seconds later somebody else does, with the same token.</summary>
    private static async Task UseTwiceAsync(int seconds, bool survives, params (string, string)[] settings)
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(settings, clock);
        using var elsewhere = new HttpClient { BaseAddress = server.Address };
        await server.RegisterAsync("ann");
        for (var trial = 0; trial < Seed.Count(3, 50); trial++)
        {
            var (owner, other) = (await server.LoginAsync("ann"), await server.LoginAsync("ann"));
            var successor = (await RefreshAsync(server.Http, owner))!;
            await using var before = await owner.ConnectAsync();
            await using var after = await successor.ConnectAsync();
            await using var unconcerned = await other.ConnectAsync();

            clock.Jump(TimeSpan.FromSeconds(seconds));
            var second = await RefreshAsync(elsewhere, owner);

            Assert.Equal(survives ? successor.Refresh : null, second?.Refresh);
            foreach (var socket in new[] { before, after })
            {
                if (survives)
                    await AnswersAsync(socket);
                else
                    Assert.Equal(4401, await socket.ExpectCloseAsync());
            }

            // What the first client got meanwhile is as dead, or as alive.
            Assert.Equal(survives, await RefreshAsync(server.Http, successor) is not null);
            await AnswersAsync(unconcerned);
            Assert.NotNull(await RefreshAsync(server.Http, other));
        }
    }

    private static async Task AnswersAsync(ChatSocket socket)
    {
        await socket.SendAsync(new { type = "ping", id = 1 });
        await socket.ExpectAsync("pong");
    }

    /// <returns>The next pair; null where it was refused, with the code that says so.</returns>
    private static async Task<TestUser?> RefreshAsync(HttpClient http, TestUser user)
    {
        using var answer = await http.PostAsJsonAsync("/api/token/refresh/", new { refresh = user.Refresh });
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>();
        if (answer.StatusCode == HttpStatusCode.OK)
            return user with { Access = body.GetProperty("access").GetString()!, Refresh = body.GetProperty("refresh").GetString()! };
        Assert.Equal((HttpStatusCode.Unauthorized, "token_not_valid"), (answer.StatusCode, body.GetProperty("code").GetString()));
        return null;
    }

    private static async Task<int> CountWaysInAsync(TestUser user)
    {
        var ways = 0;
        foreach (var address in new[] { "/ws/", "/ws/chat/global/" })
            ways += (await RawHttp.HandshakeAsync(user.Server.Address, $"{address}?token={user.Access}")).Status == 101 ? 1 : 0;
        using var me = await user.SendAsync(HttpMethod.Get, "/api/me/");
        await using var socket = await ChatSocket.OpenAsync(user.Server.SocketAddress("/ws/"));
        await socket.SendAsync(new { type = "auth", token = user.Access });
        var first = (await socket.ReceiveAsync()).GetProperty("type").GetString();
        Assert.Contains(first, new[] { "ready", "error" });
        return ways + (me.IsSuccessStatusCode ? 1 : 0) + (first == "ready" ? 1 : 0);
    }
}
