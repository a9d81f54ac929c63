using System.Globalization;

namespace Skald.Tests.Harness;

/// <summary>The time of a database, by its function <c>skald_now</c>: it stands still, and goes on when a test says so.</summary>
internal sealed class PostgresClock : IAsyncDisposable
{
    private readonly PostgresFunction _function;
    private long _now;

    private PostgresClock(PostgresFunction function, long now) => (_function, _now) = (function, now);

    public static async Task<PostgresClock> StopAsync(string database)
    {
        const long Now = 1_771_692_362_123_456;
        return new PostgresClock(await PostgresFunction.ChangeAsync(database, "skald_now", _ => Stopped(Now)), Now);
    }

    public Task PassAsync(TimeSpan time) => _function.ReplaceAsync(Stopped(_now += (long)time.TotalMicroseconds));

    public ValueTask DisposeAsync() => _function.DisposeAsync();

    private static string Stopped(long at) => string.Create(
        CultureInfo.InvariantCulture,
        $"CREATE OR REPLACE FUNCTION skald_now() RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT {at}::bigint'");
}
