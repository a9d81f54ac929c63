using System.Net;
using System.Net.Http.Json;
using Skald.Tests.Harness;
using static Skald.Tests.Accounts.RegisterEndpointTests;

namespace Skald.Tests.Accounts;

/// <summary><c>skald users</c>, as the operator types it, and what the server makes of it when it starts again.</summary>
public sealed class UsersCommandTests : IDisposable
{
    private readonly TestDirectory _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Account_that_the_operator_makes_logs_in_where_nobody_can_register()
    {
        (await UsersAsync("a good password", "create", "ann", "--email", "ann@example.com")).AssertDone();
        (await UsersAsync("another password", "create", "ANN")).AssertRefused("ANN");
        (await UsersAsync("a good password", "create", "jörg")).AssertRefused("jörg");
        (await UsersAsync("short", "create", "bob")).AssertRefused("at least 8");
        (await UsersAsync("a good password", "create", "bob", "--email", "nonsense")).AssertRefused("nonsense");

        await using var server = await SkaldServer.StartAsync([("Accounts:Registration", "closed")], data: _data.Path);
        await server.LoginAsync("ann", "a good password");
    }

    [Fact]
    public async Task Reset_gives_another_password_and_ends_every_session()
    {
        TestUser ann;
        await using (var server = await SkaldServer.StartAsync(data: _data.Path))
            ann = await server.RegisterAsync("ann");
        Assert.Contains(
            "Sessions ended: 1",
            (await UsersAsync("another password", "reset", "Ann")).AssertDone().Output,
            StringComparison.Ordinal);

        await using var again = await SkaldServer.StartAsync(data: _data.Path);
        await again.LoginAsync("ann", "another password");
        using var old = await again.Http.PostAsJsonAsync("/api/login/", new { username = "ann", password = "12345678" });
        await ProblemAsync(old, 401, "invalid_credentials");
        await AssertEndedAsync(again, ann);
    }

    [Fact]
    [Attack("A-38")]
    public async Task Disabled_user_neither_logs_in_nor_goes_on_until_enabled_again()
    {
        TestUser ann;
        await using (var server = await SkaldServer.StartAsync(data: _data.Path))
            ann = await server.RegisterAsync("ann");
        (await UsersAsync("", "disable", "ann")).AssertDone();
        (await UsersAsync("", "disable", "ann")).AssertRefused("ann is disabled already");
        Assert.Contains("disabled", (await UsersAsync("", "list")).AssertDone().Output, StringComparison.Ordinal);

        await using (var server = await SkaldServer.StartAsync(data: _data.Path))
        {
            using var login = await server.Http.PostAsJsonAsync("/api/login/", new { username = "ann", password = "12345678" });
            await ProblemAsync(login, 401, "invalid_credentials");
            await AssertEndedAsync(server, ann);
        }

        (await UsersAsync("", "enable", "ann")).AssertDone();
        await using var open = await SkaldServer.StartAsync(data: _data.Path);
        await open.LoginAsync("ann");
        await AssertEndedAsync(open, ann);
    }

    [Fact]
    public async Task What_cannot_be_done_is_said_in_a_sentence()
    {
        (await UsersAsync("", "list")).AssertRefused("There is no database in", "--data DIR");
        await using (var server = await SkaldServer.StartAsync(data: _data.Path))
        {
            await server.RegisterAsync("ann");
            (await UsersAsync("another password", "reset", "ann")).AssertRefused("Another Skald uses", "Stop it");
            await server.LoginAsync("ann");
        }

        (await UsersAsync("another password", "reset", "nobody")).AssertRefused("There is no user nobody");
        foreach (var words in new[]
        {
            new[] { "users" }, ["users", "create"], ["users", "reset", "--data", _data.Path], ["users", "remove", "ann"],
        })
        {
            var misused = await SkaldCommand.RunAsync(words);
            Assert.Equal(2, misused.ExitCode);
            Assert.Contains("skald users", misused.Error, StringComparison.Ordinal);
        }
    }

    private static async Task AssertEndedAsync(SkaldServer server, TestUser ann)
    {
        using var refresh = await server.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh = ann.Refresh });
        await ProblemAsync(refresh, 401, "token_not_valid");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/me/") { Headers = { Authorization = new("Bearer", ann.Access) } };
        using var me = await server.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.Unauthorized, me.StatusCode);
    }

    private Task<SkaldCommand> UsersAsync(string line, params string[] words) =>
        SkaldCommand.TellAsync(line, ["users", .. words, "--data", _data.Path]);
}
