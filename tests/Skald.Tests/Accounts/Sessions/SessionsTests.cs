using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.Accounts.Passwords;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Identity;
using Skald.Tests.Harness;

namespace Skald.Tests.Accounts.Sessions;

public sealed class SessionsTests
{
    [Fact]
    public async Task Refresh_gives_a_new_pair_of_the_same_session()
    {
        await using var bench = await AccountsBench.StartAsync();
        var first = await bench.BeginAsync(await bench.RegisterAsync());
        var second = await RefreshAsync(bench, first);
        Assert.NotEqual(first.Access, second.Access);
        Assert.NotEqual(first.Refresh, second.Refresh);
        Assert.Equal(await bench.SessionIdAsync(first), await bench.SessionIdAsync(second));
    }

    [Fact]
    public async Task Used_token_yields_the_same_successor_for_a_minute()
    {
        await using var bench = await AccountsBench.StartAsync();
        var first = await bench.BeginAsync(await bench.RegisterAsync());
        var second = await RefreshAsync(bench, first);
        bench.Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(second.Refresh, (await RefreshAsync(bench, first)).Refresh);
        Assert.NotEqual(second.Refresh, (await RefreshAsync(bench, second)).Refresh);
    }

    [Fact]
    [Attack("A-27")]
    public async Task Used_token_after_a_minute_ends_the_session_and_says_so_in_the_log()
    {
        await using var bench = await AccountsBench.StartAsync();
        var ended = Listen(bench);
        var first = await bench.BeginAsync(await bench.RegisterAsync());
        var second = await RefreshAsync(bench, first);
        var session = await bench.SessionIdAsync(second);
        bench.Clock.Advance(TimeSpan.FromSeconds(60) + TimeSpan.FromMilliseconds(1));

        await RefusedAsync(bench, first);
        Assert.Equal([session], ended);
        Assert.True(bench.Sessions.IsEnded(session));
        Assert.False(await bench.WorksAsync(second.Access));
        await RefusedAsync(bench, second);
        Assert.Null(await bench.Sessions.GetExpiryAsync(session));
        Assert.Contains(
            bench.Log.Lines,
            line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains("[1010]", StringComparison.Ordinal));
        Assert.DoesNotContain(bench.Log.Lines, line => line.Contains(first.Refresh, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_rotation_the_first_token_refreshes_until_a_day_after_the_login()
    {
        await using var bench = await AccountsBench.StartAsync([new("Accounts:RotateRefreshTokens", "off")]);
        var first = await bench.BeginAsync(await bench.RegisterAsync());
        for (var i = 0; i < 3; i++)
        {
            bench.Clock.Advance(TimeSpan.FromHours(7));
            var next = await RefreshAsync(bench, first);
            Assert.Equal(first.Refresh, next.Refresh);
            Assert.True(await bench.WorksAsync(next.Access));
        }

        bench.Clock.Advance(TimeSpan.FromHours(3));
        await RefusedAsync(bench, first);
    }

    [Fact]
    public async Task Token_of_two_refreshes_ago_ends_the_session_at_once()
    {
        await using var bench = await AccountsBench.StartAsync();
        var ended = Listen(bench);
        var first = await bench.BeginAsync(await bench.RegisterAsync());
        var third = await RefreshAsync(bench, await RefreshAsync(bench, first));
        await RefusedAsync(bench, first);
        await RefusedAsync(bench, third);
        Assert.Single(ended);
    }

    [Fact]
    [Attack("A-27")]
    public async Task Fifty_refreshes_at_once_yield_one_successor()
    {
        await using var bench = await AccountsBench.StartAsync();
        var first = await bench.BeginAsync(await bench.RegisterAsync());
        var pairs = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => RefreshAsync(bench, first))));
        var successor = Assert.Single(pairs.Select(p => p.Refresh).Distinct(StringComparer.Ordinal));
        Assert.True((await bench.Sessions.RefreshAsync(successor)).TryGet(out _, out _));
    }

    [Fact]
    public async Task Session_lives_a_day_from_its_last_refresh()
    {
        await using var bench = await AccountsBench.StartAsync();
        var account = await bench.RegisterAsync();
        var pair = await bench.BeginAsync(account);
        var left = await bench.BeginAsync(account);
        var session = await bench.SessionIdAsync(pair);
        bench.Clock.Advance(TimeSpan.FromHours(23));
        pair = await RefreshAsync(bench, pair);
        Assert.Equal(bench.Clock.GetUtcNow() + TimeSpan.FromDays(1), await bench.Sessions.GetExpiryAsync(session));
        bench.Clock.Advance(TimeSpan.FromHours(23));
        await RefreshAsync(bench, pair);
        await RefusedAsync(bench, left);
        Assert.Equal([session], (await bench.Sessions.ListAsync(account.Id)).Select(s => s.Id));
    }

    [Fact]
    public async Task Expired_session_cannot_be_refreshed_and_raises_nothing()
    {
        await using var bench = await AccountsBench.StartAsync();
        var ended = Listen(bench);
        var pair = await bench.BeginAsync(await bench.RegisterAsync());
        var session = await bench.SessionIdAsync(pair);
        bench.Clock.Advance(TimeSpan.FromDays(1));
        await RefusedAsync(bench, pair);
        Assert.Null(await bench.Sessions.GetExpiryAsync(session));
        Assert.Empty(ended);
    }

    [Fact]
    public async Task Token_of_a_generation_that_a_restored_backup_does_not_know_is_refused_and_ends_nothing()
    {
        await using var bench = await AccountsBench.StartAsync();
        var pair = await bench.BeginAsync(await bench.RegisterAsync());
        var session = await bench.SessionIdAsync(pair);
        var future = bench.Get<RefreshTokens>().Create(session, 2);
        Assert.False((await bench.Sessions.RefreshAsync(future)).TryGet(out _, out _));
        Assert.False(bench.Sessions.IsEnded(session));
        await RefreshAsync(bench, pair);
    }

    [Fact]
    public async Task Authentic_token_of_a_session_that_is_gone_is_refused()
    {
        await using var bench = await AccountsBench.StartAsync();
        Assert.False((await bench.Sessions.RefreshAsync(bench.Get<RefreshTokens>().Create(123, 1))).TryGet(out _, out _));
    }

    [Fact]
    public async Task Revoked_session_is_over_for_every_token_of_it_and_for_no_other()
    {
        await using var bench = await AccountsBench.StartAsync();
        var ended = Listen(bench);
        var account = await bench.RegisterAsync();
        var (lost, kept) = (await bench.BeginAsync(account), await bench.BeginAsync(account));
        var session = await bench.SessionIdAsync(lost);
        var ticket = bench.Get<SocketTickets>().Issue(await bench.UserAsync(lost))!;

        Assert.True(await bench.Sessions.RevokeAsync(account.Id, session));
        Assert.False(await bench.WorksAsync(lost.Access));
        await RefusedAsync(bench, lost);
        Assert.False(bench.Get<SocketTickets>().TryRedeem(ticket, out _));
        Assert.Equal([session], ended);
        Assert.True(await bench.WorksAsync(kept.Access));
        await RefreshAsync(bench, kept);
        Assert.False(await bench.Sessions.RevokeAsync(account.Id, session));
    }

    [Fact]
    public async Task Session_of_another_user_cannot_be_ended()
    {
        await using var bench = await AccountsBench.StartAsync();
        var (ann, bob) = (await bench.RegisterAsync(), await bench.RegisterAsync("bob"));
        var pair = await bench.BeginAsync(ann);
        Assert.False(await bench.Sessions.RevokeAsync(bob.Id, await bench.SessionIdAsync(pair)));
        Assert.True(await bench.WorksAsync(pair.Access));
    }

    [Fact]
    public async Task All_sessions_are_known_as_ended_before_anyone_hears_of_the_first()
    {
        await using var bench = await AccountsBench.StartAsync();
        var account = await bench.RegisterAsync();
        var sessions = new List<long>();
        for (var i = 0; i < 3; i++)
            sessions.Add(await bench.SessionIdAsync(await bench.BeginAsync(account)));
        var heard = new List<long>();
        bench.Sessions.Ended += id =>
        {
            heard.Add(id);
            Assert.All(sessions, other => Assert.True(bench.Sessions.IsEnded(other)));
        };
        await bench.Sessions.RevokeAllAsync(account.Id);
        Assert.Equal(sessions.Order(), heard.Order());
    }

    [Fact]
    public async Task Revocation_outlives_a_restart()
    {
        await using var before = await AccountsBench.StartAsync();
        var account = await before.RegisterAsync();
        var (lost, kept) = (await before.BeginAsync(account), await before.BeginAsync(account));
        await before.Sessions.RevokeAsync(account.Id, await before.SessionIdAsync(lost));
        before.Clock.Advance(TimeSpan.FromMinutes(4));
        await before.StopAsync();

        await using var after = await AccountsBench.StartAsync(directory: before.Directory, clock: before.Clock);
        Assert.False(await after.WorksAsync(lost.Access));
        Assert.True(await after.WorksAsync(kept.Access));
        await RefreshAsync(after, kept);
    }

    [Fact]
    [Attack("A-38")]
    public async Task Disabled_user_gets_nothing_new()
    {
        await using var bench = await AccountsBench.StartAsync();
        var account = await bench.RegisterAsync();
        var pair = await bench.BeginAsync(account);
        var session = await bench.SessionIdAsync(pair);
        await bench.DisableAsync(account);
        await RefusedAsync(bench, pair);
        Assert.Null(await bench.Sessions.BeginAsync(account, "test"));
        Assert.Null(await bench.Sessions.GetExpiryAsync(session));
        Assert.False((await bench.LoginAsync("ann", "12345678")).TryGet(out _, out var error));
        Assert.Same(Login.Refused, error);
    }

    [Fact]
    public async Task New_password_ends_every_session_but_the_one_that_changed_it()
    {
        await using var bench = await AccountsBench.StartAsync();
        var ended = Listen(bench);
        var account = await bench.RegisterAsync();
        var (here, there) = (await bench.BeginAsync(account), await bench.BeginAsync(account));
        var change = bench.Get<PasswordChange>();
        var user = await bench.UserAsync(here);
        var session = await bench.SessionIdAsync(there);

        var wrong = await change.ChangeAsync(user, new PasswordRequest("wrong password", "new password"));
        Assert.Same(ErrorCode.ValidationFailed, wrong?.Code);
        Assert.Equal([PasswordRequest.CurrentField], wrong?.Errors?.Keys);
        Assert.Empty(ended);

        Assert.Null(await change.ChangeAsync(user, new PasswordRequest("12345678", "new password")));
        Assert.Equal([session], ended);
        Assert.True(await bench.WorksAsync(here.Access));
        Assert.False(await bench.WorksAsync(there.Access));
        Assert.False((await bench.LoginAsync("ann", "12345678")).TryGet(out _, out _));
        Assert.True((await bench.LoginAsync("ann", "new password")).TryGet(out _, out _));
    }

    [Fact]
    public async Task Login_that_began_before_a_change_of_password_does_not_end_after_it()
    {
        await using var bench = await AccountsBench.StartAsync();
        var verified = await bench.RegisterAsync();
        var pair = await bench.BeginAsync(verified);
        Assert.Null(
            await bench.Get<PasswordChange>().ChangeAsync(await bench.UserAsync(pair), new PasswordRequest("12345678", "new password")));
        Assert.Null(await bench.Sessions.BeginAsync(verified, "test"));
    }

    [Fact]
    public async Task Guessing_the_current_password_is_slowed_down_without_touching_logins()
    {
        await using var bench = await AccountsBench.StartAsync();
        var pair = await bench.BeginAsync(await bench.RegisterAsync());
        var user = await bench.UserAsync(pair);
        var change = bench.Get<PasswordChange>();
        for (var i = 0; i < 5; i++)
            Assert.Same(ErrorCode.ValidationFailed, (await change.ChangeAsync(user, new PasswordRequest("guess", "new password")))?.Code);
        Assert.Same(ErrorCode.RateLimited, (await change.ChangeAsync(user, new PasswordRequest("guess", "new password")))?.Code);
        Assert.True((await bench.LoginAsync("ann", "12345678")).TryGet(out _, out _));
    }

    [Fact]
    public async Task Ended_sessions_are_forgotten_once_no_token_of_theirs_can_work()
    {
        await using var bench = await AccountsBench.StartAsync();
        var account = await bench.RegisterAsync();
        var old = await bench.SessionIdAsync(await bench.BeginAsync(account));
        await bench.Sessions.RevokeAsync(account.Id, old);
        bench.Clock.Advance(TimeSpan.FromMinutes(7));
        await bench.Sessions.RevokeAsync(account.Id, await bench.SessionIdAsync(await bench.BeginAsync(account)));
        Assert.False(bench.Sessions.IsEnded(old));
    }

    private static List<long> Listen(AccountsBench bench)
    {
        var ended = new List<long>();
        bench.Sessions.Ended += ended.Add;
        return ended;
    }

    private static async Task<TokenPair> RefreshAsync(AccountsBench bench, TokenPair pair)
    {
        var outcome = await bench.Sessions.RefreshAsync(pair.Refresh);
        Assert.True(outcome.TryGet(out var next, out var error), error?.Detail);
        return next;
    }

    private static async Task RefusedAsync(AccountsBench bench, TokenPair pair)
    {
        Assert.False((await bench.Sessions.RefreshAsync(pair.Refresh)).TryGet(out _, out var error));
        Assert.Same(ErrorCode.TokenNotValid, error.Code);
    }
}
