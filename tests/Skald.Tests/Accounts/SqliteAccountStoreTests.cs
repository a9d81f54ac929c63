using Skald.Server.Accounts;

namespace Skald.Tests.Accounts;

public sealed class SqliteAccountStoreTests : AccountStoreContract
{
    private AccountsBench? _bench;

    public override ValueTask DisposeAsync() => _bench!.DisposeAsync();

    private protected override async Task<AccountStore> OpenAsync()
    {
        _bench = await AccountsBench.StartAsync();
        return _bench.Store;
    }

    private protected override async Task DisableAsync(long userId) =>
        await _bench!.DisableAsync((await _bench.Store.FindAccountAsync(userId))!);
}
