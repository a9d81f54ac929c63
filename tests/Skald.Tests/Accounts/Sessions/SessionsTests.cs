using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.Accounts.Passwords;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Identity;
using Skald.Tests.Harness;

namespace Skald.Tests.Accounts.Sessions;

[BothEngines]
public sealed class SessionsTests
{
    [Fact]
    public async Task Refresh_gives_a_new_pair_of_the_same_session()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var first = await harness.BeginAsync(await harness.RegisterAsync());
        var second = await RefreshAsync(harness, first);
        Assert.NotEqual(first.Access, second.Access);
        Assert.NotEqual(first.Refresh, second.Refresh);
        Assert.Equal(await harness.SessionIdAsync(first), await harness.SessionIdAsync(second));
    }

    [Fact]
    public async Task Used_token_yields_the_same_successor_for_a_minute()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var first = await harness.BeginAsync(await harness.RegisterAsync());
        var second = await RefreshAsync(harness, first);
        harness.Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(second.Refresh, (await RefreshAsync(harness, first)).Refresh);
        Assert.NotEqual(second.Refresh, (await RefreshAsync(harness, second)).Refresh);
    }

    [Fact]
    [Attack("A-27")]
    public async Task Used_token_after_a_minute_ends_the_session_and_says_so_in_the_log()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var ended = Listen(harness);
        var first = await harness.BeginAsync(await harness.RegisterAsync());
        var second = await RefreshAsync(harness, first);
        var session = await harness.SessionIdAsync(second);
        harness.Clock.Advance(TimeSpan.FromSeconds(60) + TimeSpan.FromMilliseconds(1));

        await RefusedAsync(harness, first);
        Assert.Equal([session], ended);
        Assert.True(harness.Sessions.IsEnded(session));
        Assert.False(await harness.WorksAsync(second.Access));
        await RefusedAsync(harness, second);
        Assert.Null(await harness.Sessions.GetExpiryAsync(session));
        Assert.Contains(
            harness.Log.Lines,
            line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains("[1010]", StringComparison.Ordinal));
        Assert.DoesNotContain(harness.Log.Lines, line => line.Contains(first.Refresh, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_rotation_the_first_token_refreshes_until_a_day_after_the_login()
    {
        await using var harness = await AccountsHarness.StartAsync([new("Accounts:RotateRefreshTokens", "off")]);
        var first = await harness.BeginAsync(await harness.RegisterAsync());
        for (var i = 0; i < 3; i++)
        {
            harness.Clock.Advance(TimeSpan.FromHours(7));
            var next = await RefreshAsync(harness, first);
            Assert.Equal(first.Refresh, next.Refresh);
            Assert.True(await harness.WorksAsync(next.Access));
        }

        harness.Clock.Advance(TimeSpan.FromHours(3));
        await RefusedAsync(harness, first);
    }

    [Fact]
    public async Task Token_of_two_refreshes_ago_ends_the_session_at_once()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var ended = Listen(harness);
        var first = await harness.BeginAsync(await harness.RegisterAsync());
        var third = await RefreshAsync(harness, await RefreshAsync(harness, first));
        await RefusedAsync(harness, first);
        await RefusedAsync(harness, third);
        Assert.Single(ended);
    }

    [Fact]
    [Attack("A-27")]
    public async Task Fifty_refreshes_at_once_yield_one_successor()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var first = await harness.BeginAsync(await harness.RegisterAsync());
        var pairs = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => RefreshAsync(harness, first))));
        var successor = Assert.Single(pairs.Select(p => p.Refresh).Distinct(StringComparer.Ordinal));
        Assert.True((await harness.Sessions.RefreshAsync(successor)).TryGet(out _, out _));
    }

    [Fact]
    public async Task Session_lives_a_day_from_its_last_refresh()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var account = await harness.RegisterAsync();
        var pair = await harness.BeginAsync(account);
        var left = await harness.BeginAsync(account);
        var session = await harness.SessionIdAsync(pair);
        harness.Clock.Advance(TimeSpan.FromHours(23));
        pair = await RefreshAsync(harness, pair);
        Assert.Equal(harness.Clock.GetUtcNow() + TimeSpan.FromDays(1), await harness.Sessions.GetExpiryAsync(session));
        harness.Clock.Advance(TimeSpan.FromHours(23));
        await RefreshAsync(harness, pair);
        await RefusedAsync(harness, left);
        Assert.Equal([session], (await harness.Sessions.ListAsync(account.Id)).Select(s => s.Id));
    }

    [Fact]
    public async Task Expired_session_cannot_be_refreshed_and_raises_nothing()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var ended = Listen(harness);
        var pair = await harness.BeginAsync(await harness.RegisterAsync());
        var session = await harness.SessionIdAsync(pair);
        harness.Clock.Advance(TimeSpan.FromDays(1));
        await RefusedAsync(harness, pair);
        Assert.Null(await harness.Sessions.GetExpiryAsync(session));
        Assert.Empty(ended);
    }

    [Fact]
    public async Task Token_of_a_generation_that_a_restored_backup_does_not_know_is_refused_and_ends_nothing()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var pair = await harness.BeginAsync(await harness.RegisterAsync());
        var session = await harness.SessionIdAsync(pair);
        var future = harness.Get<RefreshTokens>().Create(session, 2);
        Assert.False((await harness.Sessions.RefreshAsync(future)).TryGet(out _, out _));
        Assert.False(harness.Sessions.IsEnded(session));
        await RefreshAsync(harness, pair);
    }

    [Fact]
    public async Task Authentic_token_of_a_session_that_is_gone_is_refused()
    {
        await using var harness = await AccountsHarness.StartAsync();
        Assert.False((await harness.Sessions.RefreshAsync(harness.Get<RefreshTokens>().Create(123, 1))).TryGet(out _, out _));
    }

    [Fact]
    public async Task Revoked_session_is_over_for_every_token_of_it_and_for_no_other()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var ended = Listen(harness);
        var account = await harness.RegisterAsync();
        var (lost, kept) = (await harness.BeginAsync(account), await harness.BeginAsync(account));
        var session = await harness.SessionIdAsync(lost);
        var ticket = (await harness.Get<ISocketTickets>().IssueAsync(await harness.UserAsync(lost)))!;

        Assert.True(await harness.Sessions.RevokeAsync(account.Id, session));
        Assert.False(await harness.WorksAsync(lost.Access));
        await RefusedAsync(harness, lost);
        Assert.Null(await harness.Get<ISocketTickets>().RedeemAsync(ticket));
        Assert.Equal([session], ended);
        Assert.True(await harness.WorksAsync(kept.Access));
        await RefreshAsync(harness, kept);
        Assert.False(await harness.Sessions.RevokeAsync(account.Id, session));
    }

    [Fact]
    public async Task Session_of_another_user_cannot_be_ended()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var (ann, bob) = (await harness.RegisterAsync(), await harness.RegisterAsync("bob"));
        var pair = await harness.BeginAsync(ann);
        Assert.False(await harness.Sessions.RevokeAsync(bob.Id, await harness.SessionIdAsync(pair)));
        Assert.True(await harness.WorksAsync(pair.Access));
    }

    [Fact]
    public async Task All_sessions_are_known_as_ended_before_anyone_hears_of_the_first()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var account = await harness.RegisterAsync();
        var sessions = new List<long>();
        for (var i = 0; i < 3; i++)
            sessions.Add(await harness.SessionIdAsync(await harness.BeginAsync(account)));
        var heard = new List<long>();
        harness.Sessions.Ended += id =>
        {
            heard.Add(id);
            Assert.All(sessions, other => Assert.True(harness.Sessions.IsEnded(other)));
        };
        await harness.Sessions.RevokeAllAsync(account.Id);
        Assert.Equal(sessions.Order(), heard.Order());
    }

    [Fact]
    public async Task Revocation_outlives_a_restart()
    {
        await using var before = await AccountsHarness.StartAsync();
        var account = await before.RegisterAsync();
        var (lost, kept) = (await before.BeginAsync(account), await before.BeginAsync(account));
        await before.Sessions.RevokeAsync(account.Id, await before.SessionIdAsync(lost));
        before.Clock.Advance(TimeSpan.FromMinutes(4));
        await before.StopAsync();

        await using var after = await AccountsHarness.StartAsync(directory: before.Directory, clock: before.Clock);
        Assert.False(await after.WorksAsync(lost.Access));
        Assert.True(await after.WorksAsync(kept.Access));
        await RefreshAsync(after, kept);
    }

    [Fact]
    [Attack("A-38")]
    public async Task Disabled_user_gets_nothing_new()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var account = await harness.RegisterAsync();
        var pair = await harness.BeginAsync(account);
        var session = await harness.SessionIdAsync(pair);
        await harness.DisableAsync(account);
        await RefusedAsync(harness, pair);
        Assert.Null(await harness.Sessions.BeginAsync(account, "test"));
        Assert.Null(await harness.Sessions.GetExpiryAsync(session));
        Assert.False((await harness.LoginAsync("ann", "12345678")).TryGet(out _, out var error));
        Assert.Same(Login.Refused, error);
    }

    [Fact]
    public async Task New_password_ends_every_session_but_the_one_that_changed_it()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var ended = Listen(harness);
        var account = await harness.RegisterAsync();
        var (here, there) = (await harness.BeginAsync(account), await harness.BeginAsync(account));
        var change = harness.Get<PasswordChange>();
        var user = await harness.UserAsync(here);
        var session = await harness.SessionIdAsync(there);

        var wrong = await change.ChangeAsync(user, new PasswordRequest("wrong password", "new password"));
        Assert.Same(ErrorCode.ValidationFailed, wrong?.Code);
        Assert.Equal([PasswordRequest.CurrentField], wrong?.Errors?.Keys);
        Assert.Empty(ended);

        Assert.Null(await change.ChangeAsync(user, new PasswordRequest("12345678", "new password")));
        Assert.Equal([session], ended);
        Assert.True(await harness.WorksAsync(here.Access));
        Assert.False(await harness.WorksAsync(there.Access));
        Assert.False((await harness.LoginAsync("ann", "12345678")).TryGet(out _, out _));
        Assert.True((await harness.LoginAsync("ann", "new password")).TryGet(out _, out _));
    }

    [Fact]
    public async Task Login_that_began_before_a_change_of_password_does_not_end_after_it()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var verified = await harness.RegisterAsync();
        var pair = await harness.BeginAsync(verified);
        Assert.Null(
            await harness.Get<PasswordChange>().ChangeAsync(
                await harness.UserAsync(pair), new PasswordRequest("12345678", "new password")));
        Assert.Null(await harness.Sessions.BeginAsync(verified, "test"));
    }

    [Fact]
    public async Task Guessing_the_current_password_is_slowed_down_without_touching_logins()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var pair = await harness.BeginAsync(await harness.RegisterAsync());
        var user = await harness.UserAsync(pair);
        var change = harness.Get<PasswordChange>();
        for (var i = 0; i < 5; i++)
            Assert.Same(ErrorCode.ValidationFailed, (await change.ChangeAsync(user, new PasswordRequest("guess", "new password")))?.Code);
        Assert.Same(ErrorCode.RateLimited, (await change.ChangeAsync(user, new PasswordRequest("guess", "new password")))?.Code);
        Assert.True((await harness.LoginAsync("ann", "12345678")).TryGet(out _, out _));
    }

    [Fact]
    public async Task Ended_sessions_are_forgotten_once_no_token_of_theirs_can_work()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var account = await harness.RegisterAsync();
        var old = await harness.SessionIdAsync(await harness.BeginAsync(account));
        await harness.Sessions.RevokeAsync(account.Id, old);
        harness.Clock.Advance(TimeSpan.FromMinutes(7));
        await harness.Sessions.RevokeAsync(account.Id, await harness.SessionIdAsync(await harness.BeginAsync(account)));
        Assert.False(harness.Sessions.IsEnded(old));
    }

    private static List<long> Listen(AccountsHarness harness)
    {
        var ended = new List<long>();
        harness.Sessions.Ended += ended.Add;
        return ended;
    }

    private static async Task<TokenPair> RefreshAsync(AccountsHarness harness, TokenPair pair)
    {
        var outcome = await harness.Sessions.RefreshAsync(pair.Refresh);
        Assert.True(outcome.TryGet(out var next, out var error), error?.Detail);
        return next;
    }

    private static async Task RefusedAsync(AccountsHarness harness, TokenPair pair)
    {
        Assert.False((await harness.Sessions.RefreshAsync(pair.Refresh)).TryGet(out _, out var error));
        Assert.Same(ErrorCode.TokenNotValid, error.Code);
    }
}
