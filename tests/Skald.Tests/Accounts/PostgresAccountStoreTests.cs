using Skald.Server.Accounts;
using Skald.Server.Database;

namespace Skald.Tests.Accounts;

public sealed class PostgresAccountStoreTests : AccountStoreContract
{
    private AccountsHarness? _harness;

    public override ValueTask DisposeAsync() => _harness!.DisposeAsync();

    private protected override async Task<AccountStore> OpenAsync()
    {
        _harness = await AccountsHarness.StartAsync(engine: StorageOptions.PostgreSql);
        return _harness.Store;
    }

    private protected override async Task DisableAsync(long userId) =>
        await _harness!.DisableAsync((await _harness.Store.FindAccountAsync(userId))!);
}
