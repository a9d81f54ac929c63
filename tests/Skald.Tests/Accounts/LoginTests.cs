using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.Database;
using Skald.Tests.Harness;

namespace Skald.Tests.Accounts;

[BothEngines]
public sealed class LoginTests
{
    [Theory]
    [InlineData("ann")]
    [InlineData("ANN")]
    public async Task Name_is_known_in_any_case_and_keeps_its_own(string typed)
    {
        await using var harness = await AccountsHarness.StartAsync();
        await harness.RegisterAsync("Ann");
        Assert.True((await harness.LoginAsync(typed, "12345678")).TryGet(out var pair, out _));
        Assert.Equal("Ann", (await harness.UserAsync(pair)).Username);
    }

    [Fact]
    public async Task Wrong_password_unknown_name_impossible_name_and_disabled_user_are_refused_alike()
    {
        await using var harness = await AccountsHarness.StartAsync();
        await harness.RegisterAsync();
        await harness.DisableAsync(await harness.RegisterAsync("bob"));
        (string, string)[] attempts =
            [("ann", "wrong password"), ("nobody", "12345678"), ("no such name", "12345678"), ("bob", "12345678")];
        foreach (var (name, password) in attempts)
        {
            Assert.False((await harness.LoginAsync(name, password)).TryGet(out _, out var error));
            Assert.Same(Login.Refused, error);
        }
    }

    [Fact]
    [Attack("A-18")]
    public async Task User_of_Django_logs_in_and_has_a_stronger_hash_afterwards()
    {
        await using var harness = await AccountsHarness.StartAsync();
        // Python: hashlib.pbkdf2_hmac("sha256", b"12345678", "sältz".encode(), 1)
        const string Old = "pbkdf2_sha256$1$sältz$nd2W80zbS8nnr0xiJCDmH1nboQn6aYOHKVjNtCtM5Xc=";
        var account = await harness.Store.CreateAccountAsync("django", "", Old, harness.Now);
        Assert.False((await harness.LoginAsync("django", "87654321")).TryGet(out _, out _));
        Assert.Equal(Old, (await harness.Store.FindAccountAsync(account!.Id))!.PasswordHash);

        Assert.True((await harness.LoginAsync("django", "12345678")).TryGet(out var pair, out _));
        Assert.True(await harness.WorksAsync(pair.Access));
        Assert.StartsWith(
            "pbkdf2_sha256$1000$", (await harness.Store.FindAccountAsync(account.Id))!.PasswordHash, StringComparison.Ordinal);
        Assert.True((await harness.LoginAsync("django", "12345678")).TryGet(out _, out _));
    }

    [Fact]
    [Attack("A-18")]
    public async Task User_of_Django_with_a_hash_of_sha1_logs_in_and_has_one_of_today_afterwards()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var account = await harness.Store.CreateAccountAsync(
            "django", "", "pbkdf2_sha1$1000$seasalt2$Yq7i15+lKxnBeEGl3EgyGf1cBfg=", harness.Now);
        Assert.False((await harness.LoginAsync("django", "87654321")).TryGet(out _, out _));
        Assert.True((await harness.LoginAsync("django", "12345678")).TryGet(out _, out _));
        Assert.StartsWith(
            "pbkdf2_sha256$1000$", (await harness.Store.FindAccountAsync(account!.Id))!.PasswordHash, StringComparison.Ordinal);
        Assert.True((await harness.LoginAsync("django", "12345678")).TryGet(out _, out _));
    }

    [Theory]
    [InlineData("argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdA$aGFzaA", "is of argon2.")]
    [InlineData("bcrypt$$2b$12$abcdefghijklmnopqrstuvABCDEFGHIJKLMNOPQRSTUVWXYZ01234", "is of bcrypt.")]
    [InlineData("5f4dcc3b5aa765d61d8327deb882cf99", "is of an unknown algorithm.")]
    // 2,000,000,000 rounds would take ten minutes.
    [InlineData("pbkdf2_sha256$2000000000$seasalt2$ihlHETA3mfOaQY1C3IHrnODrRn/DuoF7rITlLHQd7F4=", "is of more than 10000000 rounds.")]
    public async Task Hash_that_is_never_verified_is_told_to_the_operator_and_not_shown(string hash, string told)
    {
        await using var harness = await AccountsHarness.StartAsync();
        var account = await harness.Store.CreateAccountAsync("django", "", hash, harness.Now);
        Assert.False((await harness.LoginAsync("django", "12345678").Within()).TryGet(out _, out var error));
        Assert.Same(Login.Refused, error);
        Assert.Contains(
            harness.Log.Lines,
            line => line.StartsWith("Warning", StringComparison.Ordinal)
                && line.Contains($"user {account!.Id} cannot", StringComparison.Ordinal)
                && line.Contains(told, StringComparison.Ordinal));
        Assert.DoesNotContain(harness.Log.Lines, line => line.Contains(hash[^12..], StringComparison.Ordinal));
    }

    [Fact]
    public async Task User_of_Django_without_a_password_cannot_log_in()
    {
        await using var harness = await AccountsHarness.StartAsync();
        await harness.Store.CreateAccountAsync("django", "", "!Nk2hZJb5dSgPVgpQ", harness.Now);
        Assert.False((await harness.LoginAsync("django", "!Nk2hZJb5dSgPVgpQ")).TryGet(out _, out var error));
        Assert.Same(Login.Refused, error);
        Assert.DoesNotContain(harness.Log.Lines, line => line.Contains("[1021]", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("ann")]
    [InlineData("nobody")]
    [Attack("A-22")]
    public async Task Name_that_is_guessed_at_has_to_wait_whether_it_exists_or_not(string name)
    {
        await using var harness = await AccountsHarness.StartAsync();
        await harness.RegisterAsync();
        for (var i = 0; i < 5; i++)
            Assert.Same(Login.Refused, await RefusalAsync(harness, name, "guess", address: $"10.0.0.{i}"));
        // From wherever, in whatever case, and even with the right password.
        var refusal = await RefusalAsync(harness, name.ToUpperInvariant(), "12345678", address: "10.0.1.1");
        Assert.Same(ErrorCode.RateLimited, refusal.Code);
        // PostgreSQL's clock, which counts there, does not stand still.
        Assert.InRange(
            refusal.RetryAfter!.Value,
            TestEngine.IsPostgres ? TimeSpan.FromMilliseconds(1) : TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        Assert.Contains(
            harness.Log.Lines,
            line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains("[1020]", StringComparison.Ordinal));
    }

    [Fact]
    [Attack("A-23")]
    public async Task Who_is_signed_in_notices_nothing_of_an_attack_on_the_name()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var pair = await harness.BeginAsync(await harness.RegisterAsync());
        for (var i = 0; i < 10; i++)
            await RefusalAsync(harness, "ann", "guess", address: $"10.0.0.{i}");
        Assert.True(await harness.WorksAsync(pair.Access));
        Assert.True((await harness.Sessions.RefreshAsync(pair.Refresh)).TryGet(out _, out _));
        harness.Clock.Advance(TimeSpan.FromSeconds(1));
        if (TestEngine.IsPostgres)
            await harness.Get<IDatabase>().WriteAsync(all => all.ExecuteAsync("UPDATE login_failures SET last_at = last_at - 1000000"));
        Assert.True((await harness.LoginAsync("ann", "12345678")).TryGet(out _, out _));
    }

    [Fact]
    [Attack("A-22")]
    public async Task Address_may_log_in_20_times_a_minute()
    {
        await using var harness = await AccountsHarness.StartAsync();
        await harness.RegisterAsync();
        for (var i = 0; i < 20; i++)
            Assert.True((await harness.LoginAsync("ann", "12345678")).TryGet(out _, out _));
        var refusal = await RefusalAsync(harness, "ann", "12345678", "127.0.0.1");
        Assert.Same(ErrorCode.RateLimited, refusal.Code);
        Assert.True((await harness.LoginAsync("ann", "12345678", address: "10.0.0.1")).TryGet(out _, out _));
        harness.Clock.Advance(refusal.RetryAfter!.Value);
        Assert.True((await harness.LoginAsync("ann", "12345678")).TryGet(out _, out _));
    }

    [Fact]
    [Attack("A-63")]
    public async Task Address_may_register_3_times_and_then_one_in_6_seconds()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var registration = harness.Get<Registration>();
        for (var i = 0; i < 3; i++)
            Assert.True((await registration.RegisterAsync(new RegisterRequest($"user{i}", "12345678"), "10.0.0.1")).TryGet(out _, out _));
        Assert.False((await registration.RegisterAsync(new RegisterRequest("user3", "12345678"), "10.0.0.1")).TryGet(out _, out var error));
        Assert.Same(ErrorCode.RateLimited, error.Code);
        harness.Clock.Advance(TimeSpan.FromSeconds(6));
        Assert.True((await registration.RegisterAsync(new RegisterRequest("user3", "12345678"), "10.0.0.1")).TryGet(out _, out _));
    }

    [Fact]
    public async Task No_rate_holds_where_limits_are_off()
    {
        await using var harness = await AccountsHarness.StartAsync([new("Limits:Enabled", "false")]);
        await harness.RegisterAsync();
        for (var i = 0; i < 30; i++)
            await RefusalAsync(harness, "ann", "guess", "127.0.0.1");
        Assert.True((await harness.LoginAsync("ann", "12345678")).TryGet(out _, out _));
        for (var i = 0; i < 10; i++)
            Assert.True((await harness.Get<Registration>().RegisterAsync(new RegisterRequest($"user{i}", "12345678"), "127.0.0.1"))
                .TryGet(out _, out _));
    }

    [Fact]
    public async Task Name_that_is_taken_in_another_case_is_taken()
    {
        await using var harness = await AccountsHarness.StartAsync();
        await harness.RegisterAsync();
        Assert.False(
            (await harness.Get<Registration>().RegisterAsync(new RegisterRequest("ANN", "12345678"), "")).TryGet(out _, out var error));
        Assert.Same(ErrorCode.ValidationFailed, error.Code);
        Assert.Equal(["username"], error.Errors!.Keys);
    }

    [Fact]
    public async Task Of_ten_who_register_one_name_at_once_one_gets_it()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var registration = harness.Get<Registration>();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Task.Run(
            () => registration.RegisterAsync(new RegisterRequest(i % 2 == 0 ? "carol" : "CAROL", "12345678"), $"10.0.0.{i}"))));
        Assert.Single(outcomes, outcome => outcome.TryGet(out _, out _));
    }

    private static async Task<ChatError> RefusalAsync(AccountsHarness harness, string name, string password, string address)
    {
        Assert.False((await harness.LoginAsync(name, password, address)).TryGet(out _, out var error));
        return error;
    }
}
