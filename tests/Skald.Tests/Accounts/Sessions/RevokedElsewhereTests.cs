using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Cluster;
using Skald.Server.Database;
using Skald.Tests.Harness;

namespace Skald.Tests.Accounts.Sessions;

/// <summary>A session that one node of a database ends is over on the others, once they have looked.</summary>
public sealed class RevokedElsewhereTests
{
    /// <summary>Nobody has told it: it looks by itself.</summary>
    [Theory]
    [InlineData("logout")]
    [InlineData("end it from another session")]
    [InlineData("change the password")]
    [InlineData("reuse its refresh token")]
    [Attack("A-34")]
    public async Task Session_that_one_node_ends_loses_its_sockets_and_tokens_on_the_other_and_no_other_session_does(string how)
    {
        await using var nodes = await TestCluster.StartAsync(
            2, services => services.AddSingleton<IAnnouncements, NoAnnouncements>(), ("Accounts:RefreshGrace", "0"));
        var ended = await nodes[0].RegisterAsync("ann");
        var kept = await nodes[0].LoginAsync("ann");
        await using var socket = await (ended with { Server = nodes[1] }).JoinAsync("global");
        await using var other = await (kept with { Server = nodes[1] }).JoinAsync("global");

        await EndAsync(how, ended, kept);
        var since = TimeProvider.System.GetTimestamp();

        Assert.Equal(4401, await socket.ExpectCloseAsync());
        Assert.InRange(TimeProvider.System.GetElapsedTime(since), TimeSpan.Zero, TimeSpan.FromSeconds(2));   // one, on a quiet machine
        Assert.Equal(HttpStatusCode.Unauthorized, await MeAsync(ended with { Server = nodes[1] }));
        await other.SayAsync("global", "still here");
        Assert.Equal(["still here"], await other.ReceiveMessagesAsync(1));
        Assert.Equal(HttpStatusCode.OK, await MeAsync(kept with { Server = nodes[1] }));
    }

    /// <summary>Its clock stands still: no look of its own is ever due.</summary>
    [Fact]
    public async Task Node_that_is_told_looks_at_once()
    {
        await using var nodes = await TestCluster.StartAsync(1);
        var clock = new FakeClock();
        clock.Jump(TimeProvider.System.GetUtcNow() - clock.GetUtcNow());
        await using var there = await SkaldServer.StartAsync(TestCluster.Settings(nodes.ConnectionString), clock: clock);
        var ann = await there.RegisterAsync("ann");
        await using var socket = await ann.JoinAsync("global");

        (await (ann with { Server = nodes[0] }).SendAsync(HttpMethod.Post, "/api/logout/")).EnsureSuccessStatusCode();

        Assert.Equal(4401, await socket.ExpectCloseAsync());
    }

    /// <summary>Its number is lower than that of what was committed before the look, and its commit comes after it.</summary>
    [Fact]
    public async Task End_that_is_committed_after_later_ones_were_seen_is_seen_by_the_next_look()
    {
        await using var nodes = await TestCluster.StartAsync(2);
        var (slow, quick) = (await nodes[0].RegisterAsync("ann"), await nodes[0].RegisterAsync("bob"));
        var (slowThere, quickThere) = (slow with { Server = nodes[1] }, quick with { Server = nodes[1] });
        await LookAsync(nodes[1]);
        await using var connection = await nodes.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync(Deadline.Token());
        await connection.ExecuteAsync(
            """
            UPDATE sessions SET revoked_at = (extract(epoch FROM now()) * 1000000)::bigint
            WHERE user_id = (SELECT id FROM users WHERE username = 'ann')
            """);

        await quick.SendAsync(HttpMethod.Post, "/api/logout/");
        await LookAsync(nodes[1]);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (await MeAsync(slowThere), await MeAsync(quickThere)));
        await transaction.CommitAsync(Deadline.Token());
        await LookAsync(nodes[1]);

        Assert.Equal(HttpStatusCode.Unauthorized, await MeAsync(slowThere));
    }

    [Fact]
    public async Task Node_tells_when_it_has_ended_a_session_and_not_when_another_has()
    {
        await using var nodes = await TestCluster.StartAsync(2);
        var said = new int[2];
        for (var i = 0; i < 2; i++)
        {
            var node = i;
            nodes[node].Services.GetRequiredService<SessionLifecycle>().EndedHere += () => said[node]++;
            await LookAsync(nodes[node]);
        }

        var ann = await nodes[0].RegisterAsync("ann");
        await ann.SendAsync(HttpMethod.Post, "/api/logout/");
        await LookAsync(nodes[1]);
        await ann.SendAsync(HttpMethod.Post, "/api/logout/");   // of a session that has ended

        Assert.Equal([1, 0], said);
    }

    /// <summary>Numbers of transactions are a server's own: those of a dump may be of its future, and are out of each look.</summary>
    [Fact]
    public async Task Ends_that_a_dump_has_brought_along_are_in_no_look()
    {
        await using var nodes = await TestCluster.StartAsync(1);
        var ann = await nodes[0].RegisterAsync("ann");
        await nodes.ExecuteAsync("UPDATE sessions SET revoked_at = 1, expires_at = 1; UPDATE sessions SET ended_in = '9000000000'");
        await LookAsync(nodes[0]);
        await LookAsync(nodes[0]);
        Assert.Equal(HttpStatusCode.OK, await MeAsync(ann));

        await nodes.ExecuteAsync("SELECT skald_restored()");

        Assert.Equal(0L, await nodes.ExecuteAsync("SELECT count(ended_in) FROM sessions"));
    }

    /// <summary>
    /// What it was promoted from may have had transactions that it lacks, whose numbers it gives out again: they say nothing.
    /// </summary>
    [Fact]
    public async Task After_a_standby_was_promoted_everything_is_read_anew()
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var server = await SkaldServer.StartAsync(TestCluster.Settings(postgres.ConnectionString("postgres")));
        var ann = await server.RegisterAsync("ann");
        await LookAsync(server);
        await postgres.ExecuteAsync(
            "postgres",
            """
            UPDATE sessions SET revoked_at = (extract(epoch FROM now()) * 1000000)::bigint; UPDATE sessions SET ended_in = '3'
            """);
        await LookAsync(server);
        Assert.Equal(HttpStatusCode.OK, await MeAsync(ann));

        await postgres.StartOnAnotherTimelineAsync();
        await LookAsync(server);

        Assert.Equal(HttpStatusCode.Unauthorized, await MeAsync(ann));
    }

    [Fact]
    public async Task Look_at_a_database_that_is_away_is_refused_and_the_next_one_finds_what_it_would_have()
    {
        await using var postgres = await PostgresServer.StartAsync();
        var settings = TestCluster.Settings(postgres.ConnectionString("postgres"));
        await using var here = await SkaldServer.StartAsync(settings);
        await using var there = await SkaldServer.StartAsync(settings);
        var ann = await here.RegisterAsync("ann");
        await LookAsync(there);
        await ann.SendAsync(HttpMethod.Post, "/api/logout/");
        await postgres.StopAsync();

        await Assert.ThrowsAsync<StorageException>(() => LookAsync(there));
        await postgres.StartAgainAsync();
        await LookAsync(there);

        Assert.Equal(HttpStatusCode.Unauthorized, await MeAsync(ann with { Server = there }));
    }

    private static async Task EndAsync(string how, TestUser ended, TestUser kept)
    {
        using var response = how switch
        {
            "logout" => await ended.SendAsync(HttpMethod.Post, "/api/logout/"),
            "end it from another session" => await kept.SendAsync(
                HttpMethod.Delete, $"/api/me/sessions/{new JsonWebToken(ended.Access).GetClaim("sid").Value}/"),
            "change the password" => await kept.SendAsync(
                HttpMethod.Post, "/api/me/password/", new { current_password = "12345678", new_password = "correct horse" }),
            _ => await ReuseAsync(ended),
        };
        Assert.Equal(how == "reuse its refresh token" ? HttpStatusCode.Unauthorized : HttpStatusCode.NoContent, response.StatusCode);
    }

    private static async Task<HttpResponseMessage> ReuseAsync(TestUser user)
    {
        (await user.Server.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh = user.Refresh })).EnsureSuccessStatusCode();
        return await user.Server.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh = user.Refresh });
    }

    private static Task LookAsync(SkaldServer node) => node.Services.GetRequiredService<RevokedElsewhere>().LookAsync();

    private static async Task<HttpStatusCode> MeAsync(TestUser user) =>
        (await user.SendAsync(HttpMethod.Get, "/api/chat/history/global/")).StatusCode;
}
