using System.Globalization;

namespace Skald.Tests.Harness;

/// <summary>The time of a database, by its function <c>skald_now</c>: it stands still, and goes on when a test says so.</summary>
internal sealed class PostgresClock : IAsyncDisposable
{
    private readonly string _database;
    private readonly string _function;   // as it was
    private long _now = 1_771_692_362_123_456;

    private PostgresClock(string database, string function) => (_database, _function) = (database, function);

    public static async Task<PostgresClock> StopAsync(string database)
    {
        var function = await (await SharedPostgres.GetAsync()).ExecuteAsync(
            database, "SELECT pg_get_functiondef('skald_now'::regproc)");
        var clock = new PostgresClock(database, (string)function!);
        await clock.PassAsync(TimeSpan.Zero);
        return clock;
    }

    public async Task PassAsync(TimeSpan time)
    {
        _now += (long)time.TotalMicroseconds;
        await RunAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"CREATE OR REPLACE FUNCTION skald_now() RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT {_now}::bigint'"));
    }

    public async ValueTask DisposeAsync() => await RunAsync(_function);

    private async Task RunAsync(string sql) => await (await SharedPostgres.GetAsync()).ExecuteAsync(_database, sql);
}
