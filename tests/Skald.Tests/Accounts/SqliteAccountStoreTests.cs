using Skald.Server.Database;

namespace Skald.Tests.Accounts;

public sealed class SqliteAccountStoreTests() : AccountStoreContract(StorageOptions.Sqlite);
