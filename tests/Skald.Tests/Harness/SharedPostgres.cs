using System.Collections.Concurrent;
using System.Globalization;
using Npgsql;
using Skald.Server.Storage.Postgres;

namespace Skald.Tests.Harness;

/// <summary>The PostgreSQL server of a test run, started when a test wants it first; each gets a database of its own there.</summary>
/// <remarks>xunit ends it after the last test; a run that is ended otherwise ends it with itself.</remarks>
public sealed class SharedPostgres : IAsyncDisposable
{
    /// <summary>Has the schema, so that no test waits for it to be made.</summary>
    public const string Template = "skald_template";

    /// <summary>Makes a database as it was made: a new one takes half a second, 500 files and some MB.</summary>
    private const string Empty =
        """
        SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
        DELETE FROM runs; DELETE FROM followers; DELETE FROM entries; DELETE FROM messages; DELETE FROM members;
        DELETE FROM room_heads; DELETE FROM room_directory; DELETE FROM sessions; DELETE FROM users; DELETE FROM tickets;
        DELETE FROM login_failures;
        DELETE FROM signing_keys;
        UPDATE log_end SET position = 0, room_id = 0;
        UPDATE server SET restored_at = NULL;
        SELECT setval(pg_get_serial_sequence('users', 'id'), 1, false), setval(pg_get_serial_sequence('room_directory', 'id'), 1, false);
        """;

    private static readonly Lock Gate = new();
    private static readonly ConcurrentBag<string> Free = [];

    private static Task<PostgresServer>? _server;
    private static int _databases;

    internal static Task<PostgresServer> GetAsync()
    {
        lock (Gate)
            return _server ??= StartAsync();
    }

    /// <returns>The name of a database that has the schema and nothing else.</returns>
    internal static async Task<string> RentAsync() => Free.TryTake(out var free) ? free : await CreateAsync(Template);

    /// <summary>Nobody uses it any more: whoever still does is cut off.</summary>
    internal static async Task ReturnAsync(string database)
    {
        await (await GetAsync()).ExecuteAsync(database, Empty);
        Free.Add(database);
    }

    /// <param name="template">What it is a copy of; <c>template0</c> is empty.</param>
    /// <returns>The name of a new database, which nobody gets after this test.</returns>
    internal static async Task<string> CreateAsync(string template)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"test_{Interlocked.Increment(ref _databases)}");
        await (await GetAsync()).ExecuteAsync("postgres", $"CREATE DATABASE {name} TEMPLATE {template}");
        return name;
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is { } server)
            await (await server).DisposeAsync();
    }

    private static async Task<PostgresServer> StartAsync()
    {
        var server = await PostgresServer.StartAsync();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.Stop();
        await server.ExecuteAsync("postgres", $"CREATE DATABASE {Template}");
        await using var connection = new NpgsqlConnection(server.ConnectionString(Template) + ";Pooling=false");
        await connection.OpenAsync(Deadline.Token());
        PostgresSchema.Apply(connection, Template);
        return server;
    }
}
