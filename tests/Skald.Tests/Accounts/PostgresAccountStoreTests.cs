using Skald.Server.Database;

namespace Skald.Tests.Accounts;

public sealed class PostgresAccountStoreTests() : AccountStoreContract(StorageOptions.PostgreSql);
