using Npgsql;

namespace Skald.Server.Storage.Postgres;

internal static class PostgresParameters
{
    /// <summary>For <c>unnest</c> and <c>ANY</c>.</summary>
    public static NpgsqlParameter<T[]> Array<T>(IEnumerable<T> values) => new() { TypedValue = [.. values] };
}
