using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Skald.Server.Accounts;
using Skald.Server.Database;
using Skald.Server.Operations;
using Skald.Server.Rooms;
using Skald.Server.Storage.Sqlite;
using Skald.Tests.Harness;
using Skald.Tests.History;

namespace Skald.Tests.Storage;

/// <summary>The stores of SQLite in a directory of their own, without a server around them.</summary>
internal sealed class SqliteStores : IDisposable
{
    private readonly TestDirectory _data = new();
    private SqliteDatabase? _database;

    public SqliteDatabase Database => _database!;

    public Stores Open()
    {
        _database?.Dispose();
        _database = new SqliteDatabase(
            Options.Create(new DataOptions { Directory = _data.Path }),
            new Telemetry(),
            new Readiness(),
            TimeProvider.System,
            NullLogger<SqliteDatabase>.Instance);
        return new Stores(
            new SqliteMessageStore(
                _database,
                new SqliteErasure(_database, TimeProvider.System, NullLogger<SqliteErasure>.Instance),
                Stores.Rules,
                TimeProvider.System),
            new RoomStore(_database, TimeProvider.System),
            new AccountStore(_database),
            new SqliteFollowedLog(_database));
    }

    public void Dispose()
    {
        _database?.Dispose();
        _data.Dispose();
    }
}
