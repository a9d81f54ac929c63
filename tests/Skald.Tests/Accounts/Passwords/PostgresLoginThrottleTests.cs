using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.Options;
using Skald.Server.Accounts;
using Skald.Server.Accounts.Passwords;
using Skald.Server.Storage.Postgres;
using Skald.Tests.Harness;
using Skald.Tests.Storage;

namespace Skald.Tests.Accounts.Passwords;

public sealed class PostgresLoginThrottleTests : LoginThrottleContract
{
    private readonly PostgresStores _postgres = new();

    public override async ValueTask DisposeAsync()
    {
        await _postgres.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    [Attack("A-22")]
    public async Task Who_guesses_at_two_nodes_at_once_has_no_more_tries_than_at_one()
    {
        await using var nodes = await TestCluster.StartAsync(
            2, null, ("Limits:Enabled", "true"), ("Limits:LoginsPerAddressPerMinute", "1000"), ("Limits:PasswordHashQueue", "100"));
        await nodes[0].RegisterAsync("ann");

        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(i =>
            nodes[i % 2].Http.PostAsJsonAsync("/api/login/", new { username = "ann", password = "wrong password" })));

        Assert.Equal(5, answers.Count(answer => answer.StatusCode == HttpStatusCode.Unauthorized));
        Assert.Equal(35, answers.Count(answer => answer.StatusCode == HttpStatusCode.TooManyRequests));
    }

    [Fact]
    public async Task Who_succeeds_at_one_node_is_not_held_up_at_the_other()
    {
        await using var nodes = await TestCluster.StartAsync(2, null, ("Limits:Enabled", "true"));
        await nodes[0].RegisterAsync("ann");
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < 4; i++)
                await nodes[i % 2].Http.PostAsJsonAsync("/api/login/", new { username = "ann", password = "wrong password" });
            await nodes[1].LoginAsync("ann");
        }

        Assert.Equal(0L, await nodes.ExecuteAsync("SELECT count(*) FROM login_failures"));
    }

    [Fact]
    public async Task What_counts_no_more_goes_as_others_come()
    {
        await _postgres.OpenAsync();
        var throttle = new PostgresLoginThrottle(_postgres.Database, Options.Create(new AccountLimits()));
        var postgres = await SharedPostgres.GetAsync();
        await postgres.ExecuteAsync(
            _postgres.Name, "INSERT INTO login_failures SELECT sha256(i::text::bytea), 1, 1 FROM generate_series(1, 150) i");

        await throttle.BeginAsync("ann");
        await throttle.BeginAsync("ann");

        Assert.Equal(1L, await postgres.ExecuteAsync(_postgres.Name, "SELECT count(*) FROM login_failures"));
    }

    private protected override async Task<ILoginThrottle> OpenAsync(AccountLimits limits, FakeClock clock)
    {
        await _postgres.OpenAsync();
        await _postgres.StopClockAsync();
        return new PostgresLoginThrottle(_postgres.Database, Options.Create(limits));
    }

    private protected override async Task PassAsync(TimeSpan time) => await (await _postgres.StopClockAsync()).PassAsync(time);
}
