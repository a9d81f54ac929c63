using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.Accounts.Sessions;
using Skald.Tests.Harness;

namespace Skald.Tests.Accounts;

/// <summary>What the account store must do on every engine.</summary>
/// <param name="engine">Its name in the settings.</param>
public abstract class AccountStoreContract(string engine) : IAsyncLifetime
{
    private static readonly Timestamp Now = new(1_771_692_362_123_456);

    private AccountsHarness? _harness;

    private AccountStore Store => _harness!.Store;

    public async ValueTask InitializeAsync() => _harness = await AccountsHarness.StartAsync(engine: engine);

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _harness!.DisposeAsync();
    }

    [Fact]
    public async Task Accounts_are_listed_by_name_without_case()
    {
        foreach (var name in new[] { "bob", "Ann", "carl" })
            await CreateAsync(name);
        Assert.Equal(["Ann", "bob", "carl"], (await Store.ListAccountsAsync()).Select(account => account.Username));
    }

    [Fact]
    public async Task Account_comes_back_as_it_was_stored()
    {
        var created = await CreateAsync("Ann");
        foreach (var found in new[] { created, await Store.FindAccountAsync("aNN"), await Store.FindAccountAsync(created.Id) })
        {
            Assert.NotNull(found);
            Assert.Equal(created.Id, found.Id);
            Assert.Equal("Ann", found.Username);
            Assert.Equal("ann@example.com", found.Email);
            Assert.Equal("hash", found.PasswordHash);
            Assert.Equal(Now, found.CreatedAt);
            Assert.True(found.IsActive);
        }
    }

    [Fact]
    public async Task Name_is_unique_without_case()
    {
        await CreateAsync("ann");
        Assert.Null(await Store.CreateAccountAsync("ANN", "", "other", Now));
        Assert.Equal("hash", (await Store.FindAccountAsync("ann"))!.PasswordHash);
        Assert.NotNull(await Store.CreateAccountAsync("anne", "", "hash", Now));
    }

    [Theory]
    [InlineData("a_n")]
    [InlineData("a%")]
    [InlineData("ann' OR '1'='1")]
    [Attack("A-47")]
    public async Task Name_is_found_by_itself_and_by_no_pattern(string pattern)
    {
        await CreateAsync("ann");
        Assert.Null(await Store.FindAccountAsync(pattern));
    }

    [Fact]
    public async Task Account_that_is_not_there_is_null()
    {
        Assert.Null(await Store.FindAccountAsync("nobody"));
        Assert.Null(await Store.FindAccountAsync(1));
        Assert.Null(await Store.FindSessionAsync(1));
    }

    [Fact]
    public async Task Disabled_user_is_not_active_and_gets_no_session()
    {
        var ann = await CreateAsync("ann");
        await _harness!.DisableAsync(ann);
        Assert.False((await Store.FindAccountAsync("ann"))!.IsActive);
        Assert.False(await Store.CreateSessionAsync(NewSession(ann, 1), "hash", Now));
    }

    [Fact]
    public async Task Hash_is_replaced_only_where_it_is_still_the_expected_one()
    {
        var ann = await CreateAsync("ann");
        Assert.False(await Store.RehashPasswordAsync(ann.Id, "other", "new"));
        Assert.True(await Store.RehashPasswordAsync(ann.Id, "hash", "new"));
        Assert.Equal("new", (await Store.FindAccountAsync(ann.Id))!.PasswordHash);
    }

    [Fact]
    public async Task Session_comes_back_as_it_was_stored_with_its_account()
    {
        var ann = await CreateAsync("ann");
        var session = NewSession(ann, (1L << 53) - 1) with { UserAgent = "Mözilla 🔑" };
        Assert.True(await Store.CreateSessionAsync(session, "hash", Now));
        var found = await Store.FindSessionAsync(session.Id);
        Assert.Equal(session, found?.Session);
        Assert.Equal("ann", found?.Account.Username);
    }

    [Fact]
    public async Task Session_is_not_begun_with_a_password_that_was_changed_meanwhile()
    {
        var ann = await CreateAsync("ann");
        await Store.RehashPasswordAsync(ann.Id, "hash", "new");
        Assert.False(await Store.CreateSessionAsync(NewSession(ann, 1), "hash", Now));
        Assert.Null(await Store.FindSessionAsync(1));
    }

    /// <remarks>
    /// Each of the two reads what the other writes. PostgreSQL's default, READ COMMITTED, lets the session stay in most rounds
    /// (docs/decisions/0023).
    /// </remarks>
    [Fact]
    public async Task Session_that_begins_while_the_password_is_changed_does_not_outlive_the_change()
    {
        var stayed = 0;
        for (var round = 0; round < 100; round++)
        {
            var user = await CreateAsync($"user{round}");
            var (before, meanwhile) = (NewSession(user, (2 * round) + 1), NewSession(user, (2 * round) + 2));
            await Store.CreateSessionAsync(before, "hash", Now);
            var login = Task.Run(() => Store.CreateSessionAsync(meanwhile, "hash", Now));
            var change = Task.Run(() => Store.ChangePasswordAsync(user.Id, "hash", "new", keptSessionId: 0, Later(1)));
            await Task.WhenAll(login, change);
            stayed += (await Store.ListSessionsAsync(user.Id, Later(2))).Count;
        }

        Assert.Equal(0, stayed);
    }

    [Fact]
    public async Task Sessions_that_expired_long_ago_are_forgotten_at_the_next_login_of_their_user()
    {
        var (ann, bob) = (await CreateAsync("ann"), await CreateAsync("bob"));
        await Store.CreateSessionAsync(NewSession(ann, 1), "hash", Now);
        await Store.CreateSessionAsync(NewSession(ann, 2) with { ExpiresAt = Later(200) }, "hash", Now);
        await Store.CreateSessionAsync(NewSession(bob, 3), "hash", Now);
        await Store.CreateSessionAsync(NewSession(ann, 4) with { ExpiresAt = Later(300) }, "hash", forgetBefore: Later(101));
        Assert.Null(await Store.FindSessionAsync(1));
        Assert.NotNull(await Store.FindSessionAsync(2));
        Assert.NotNull(await Store.FindSessionAsync(3));
        Assert.NotNull(await Store.FindSessionAsync(4));
    }

    [Fact]
    public async Task Rotation_succeeds_once_a_generation()
    {
        var ann = await CreateAsync("ann");
        await Store.CreateSessionAsync(NewSession(ann, 1), "hash", Now);
        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Store.RotateSessionAsync(1, 1, Later(5), Later(105))));
        Assert.Single(results, rotated => rotated);
        Assert.Equal(
            NewSession(ann, 1) with { Generation = 2, RotatedAt = Later(5), LastUsedAt = Later(5), ExpiresAt = Later(105) },
            (await Store.FindSessionAsync(1))?.Session);
        Assert.False(await Store.RotateSessionAsync(1, 3, Later(6), Later(106)));
        Assert.True(await Store.RotateSessionAsync(1, 2, Later(6), Later(106)));
    }

    [Fact]
    public async Task Session_that_expired_or_was_revoked_is_not_rotated()
    {
        var ann = await CreateAsync("ann");
        await Store.CreateSessionAsync(NewSession(ann, 1), "hash", Now);
        await Store.CreateSessionAsync(NewSession(ann, 2), "hash", Now);
        Assert.False(await Store.RotateSessionAsync(1, 1, Later(100), Later(200)));
        Assert.True(await Store.RevokeSessionAsync(ann.Id, 2, Later(1)));
        Assert.False(await Store.RotateSessionAsync(2, 1, Later(2), Later(102)));
    }

    [Fact]
    public async Task Session_is_revoked_once_and_only_by_its_user()
    {
        var (ann, bob) = (await CreateAsync("ann"), await CreateAsync("bob"));
        await Store.CreateSessionAsync(NewSession(ann, 1), "hash", Now);
        Assert.False(await Store.RevokeSessionAsync(bob.Id, 1, Later(1)));
        Assert.True(await Store.RevokeSessionAsync(ann.Id, 1, Later(1)));
        Assert.False(await Store.RevokeSessionAsync(ann.Id, 1, Later(2)));
        Assert.Equal(Later(1), (await Store.FindSessionAsync(1))?.Session.RevokedAt);
    }

    [Fact]
    public async Task All_live_sessions_of_one_user_are_revoked_and_named()
    {
        var (ann, bob) = (await CreateAsync("ann"), await CreateAsync("bob"));
        for (var id = 1; id <= 3; id++)
            await Store.CreateSessionAsync(NewSession(ann, id), "hash", Now);
        await Store.CreateSessionAsync(NewSession(bob, 4), "hash", Now);
        await Store.RevokeSessionAsync(ann.Id, 2, Later(1));
        Assert.Equal([1, 3], (await Store.RevokeSessionsAsync(ann.Id, Later(2))).Order());
        Assert.Empty(await Store.RevokeSessionsAsync(ann.Id, Later(3)));
        Assert.Null((await Store.FindSessionAsync(4))?.Session.RevokedAt);
    }

    [Fact]
    public async Task New_password_revokes_all_sessions_but_one()
    {
        var ann = await CreateAsync("ann");
        for (var id = 1; id <= 3; id++)
            await Store.CreateSessionAsync(NewSession(ann, id), "hash", Now);
        Assert.Null(await Store.ChangePasswordAsync(ann.Id, "other", "new", keptSessionId: 2, Later(1)));
        Assert.Equal(3, (await Store.ListSessionsAsync(ann.Id, Later(1))).Count);
        Assert.Equal([1, 3], (await Store.ChangePasswordAsync(ann.Id, "hash", "new", keptSessionId: 2, Later(1)))!.Order());
        Assert.Equal([2], (await Store.ListSessionsAsync(ann.Id, Later(1))).Select(s => s.Id));
        Assert.Equal("new", (await Store.FindAccountAsync("ann"))!.PasswordHash);
    }

    [Fact]
    public async Task Live_sessions_are_listed_the_last_used_first()
    {
        var ann = await CreateAsync("ann");
        for (var id = 1; id <= 4; id++)
            await Store.CreateSessionAsync(NewSession(ann, id), "hash", Now);
        await Store.RotateSessionAsync(3, 1, Later(10), Later(110));
        await Store.RevokeSessionAsync(ann.Id, 2, Later(10));
        Assert.Equal([3, 1, 4], (await Store.ListSessionsAsync(ann.Id, Later(11))).Select(s => s.Id));
        Assert.Equal([3], (await Store.ListSessionsAsync(ann.Id, Later(100))).Select(s => s.Id));
        Assert.Empty(await Store.ListSessionsAsync(ann.Id + 1, Now));
    }

    [Fact]
    public async Task Revoked_sessions_are_listed_from_a_moment_on()
    {
        var ann = await CreateAsync("ann");
        for (var id = 1; id <= 3; id++)
        {
            await Store.CreateSessionAsync(NewSession(ann, id), "hash", Now);
            await Store.RevokeSessionAsync(ann.Id, id, Later(id));
        }

        Assert.Equal(
            [(2, Later(2)), (3, Later(3))],
            (await Store.ListRevokedAsync(Later(2))).Order(Comparer<(long Id, Timestamp)>.Create((a, b) => a.Id.CompareTo(b.Id))));
    }

    private static Timestamp Later(int seconds) => new(Now.Microseconds + (seconds * 1_000_000L));

    private static Session NewSession(Account account, long id) =>
        new(id, account.Id, Generation: 1, RotatedAt: Now, CreatedAt: Now, LastUsedAt: Now, ExpiresAt: Later(100), RevokedAt: null, "test");

    private async Task<Account> CreateAsync(string username) =>
        Assert.IsType<Account>(await Store.CreateAccountAsync(username, $"{username.ToLowerInvariant()}@example.com", "hash", Now));
}
