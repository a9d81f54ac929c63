using Microsoft.Extensions.Logging.Abstractions;
using Skald.Server.Accounts;
using Skald.Server.Operations;
using Skald.Server.Rooms;
using Skald.Server.Storage.Postgres;
using Skald.Tests.Harness;
using Skald.Tests.History;

namespace Skald.Tests.Storage;

/// <summary>The stores of PostgreSQL in a database of their own, without a server around them.</summary>
internal sealed class PostgresStores : IAsyncDisposable
{
    private string? _name;
    private PostgresDatabase? _database;
    private PostgresClock? _clock;

    public PostgresDatabase Database => _database!;

    public string Name => _name!;

    public Readiness Readiness { get; } = new();

    public async Task<Stores> OpenAsync(string? connectionString = null)
    {
        _database?.Dispose();
        _name ??= await SharedPostgres.RentAsync();
        _database = new PostgresDatabase(
            new(connectionString ?? (await SharedPostgres.GetAsync()).ConnectionString(_name)),
            Readiness,
            NullLogger<PostgresDatabase>.Instance);
        return new Stores(
            new PostgresMessageStore(_database, Stores.Rules, TimeProvider.System),
            new RoomStore(_database, TimeProvider.System),
            new AccountStore(_database),
            new PostgresFollowedLog(_database));
    }

    /// <summary>Has the database's time stand still from the first call on.</summary>
    public async Task<PostgresClock> StopClockAsync() => _clock ??= await PostgresClock.StopAsync(Name);

    public async ValueTask DisposeAsync()
    {
        if (_clock is not null)
            await _clock.DisposeAsync();
        _database?.Dispose();
        if (_name is not null)
            await SharedPostgres.ReturnAsync(_name);
    }
}
