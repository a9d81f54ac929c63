using Skald.Server.Operations;
using Skald.Server.Storage;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>
/// <c>kill -9</c> of a copy, at one of its writes after the other: no server starts on what it leaves, and the same command goes on.
/// </summary>
public sealed class CopyKillTests : IAsyncLifetime
{
    /// <summary>In each of the rooms: some pages of rows.</summary>
    private const long Messages = 12_000, Rooms = 3;

    private CopyPlace _place = null!;

    public async ValueTask InitializeAsync() => _place = await CopyPlace.MakeAsync();

    public ValueTask DisposeAsync() => _place.DisposeAsync();

    [Fact]
    public async Task Copy_to_PostgreSQL_that_is_killed_again_and_again_comes_to_its_end()
    {
        await FillAsync();

        // What it sends: its session, a transaction a page, the comparison, the end.
        var kills = await KillUntilDoneAsync(
            "sendto", 6, () => _place.ToPostgresAsync(), _place.StartOnPostgresAsync, CountOnPostgresAsync);

        Assert.True(kills >= 5, $"It was killed {kills} times only.");
        (await _place.ToSqliteAsync()).AssertDone();
        Assert.Equal(CopyPlace.Dump(_place.Data.Path), CopyPlace.Dump(_place.Elsewhere));
    }

    [Fact]
    public async Task Copy_to_SQLite_that_is_killed_again_and_again_comes_to_its_end()
    {
        await FillAsync();
        (await _place.ToPostgresAsync()).AssertDone();

        var kills = await KillUntilDoneAsync(
            "fdatasync,fsync", 1, () => _place.ToSqliteAsync(), () => _place.StartOnSqliteAsync(_place.Elsewhere), CountOnSqliteAsync);

        Assert.True(kills >= 4, $"It was killed {kills} times only.");
        Assert.Equal(CopyPlace.Dump(_place.Data.Path), CopyPlace.Dump(_place.Elsewhere));
        Assert.Equal("ok", TestDirectory.Check(Path.Combine(_place.Elsewhere, "skald.db")));
    }

    [Fact]
    public async Task Without_what_a_killed_copy_leaves_a_server_would_start_on_a_part_of_it()
    {
        await FillAsync();
        for (var sent = 10; await _place.ExecuteAsync("SELECT count(*) FROM messages") is 0L; sent += 5)
        {
            _place.Under = KilledAt.Call("sendto", sent);
            Assert.Equal(KilledAt.ExitCode, (await _place.ToPostgresAsync()).ExitCode);
            _place.Under = [];
        }

        await _place.ExecuteAsync($"DROP TABLE {UnfinishedCopy.Table}");

        await (await _place.StartOnPostgresAsync()).DisposeAsync();
        Assert.InRange((long)(await _place.ExecuteAsync("SELECT count(*) FROM messages"))!, 1, (Rooms * Messages) - 1);
    }

    /// <summary>Kills it at a call, runs it again and kills it some calls later, until it comes to its end before that.</summary>
    /// <param name="messages">How many the target has; null where it says of itself that it is no whole copy.</param>
    /// <returns>How often it was killed.</returns>
    private async Task<int> KillUntilDoneAsync(
        string call, int step, Func<Task<SkaldCommand>> run, Func<Task<SkaldServer>> start, Func<Task<long?>> messages)
    {
        for (var kills = 0; ; kills++)
        {
            _place.Under = KilledAt.Call(call, step * (kills + 1));
            var ended = await run();
            _place.Under = [];
            if (ended.ExitCode != KilledAt.ExitCode)
            {
                ended.AssertDone();
                return kills;
            }

            // Before it has begun the target is empty, and behind the last transaction it is whole.
            if (await messages() is { } all)
                Assert.Contains(all, new[] { 0L, Rooms * Messages });
            else
                Assert.Contains(
                    "skald copy again", (await Assert.ThrowsAsync<StartupRefusedException>(start)).Message, StringComparison.Ordinal);
        }
    }

    private async Task<long?> CountOnPostgresAsync() =>
        await _place.ExecuteAsync($"SELECT to_regclass('{UnfinishedCopy.Table}') IS NULL") is true
            ? (long?)await _place.ExecuteAsync("SELECT count(*) FROM messages")
            : null;

    private Task<long?> CountOnSqliteAsync()
    {
        var tables = File.Exists(Path.Combine(_place.Elsewhere, "skald.db"))
            ? CopyPlace.Rows(_place.Elsewhere, "SELECT name FROM sqlite_schema WHERE type = 'table'")
            : [];
        return Task.FromResult(tables.Contains(UnfinishedCopy.Table) ? null
            : tables.Contains("messages") ? (long?)TestDirectory.Execute(_place.Elsewhere, "SELECT count(*) FROM messages")
            : 0);
    }

    private async Task FillAsync()
    {
        await (await _place.StartOnSqliteAsync()).DisposeAsync();
        _place.Data.Execute($"""
            INSERT INTO users (id, username, username_key, email, password_hash, created_at) VALUES (1, 'ann', 'ann', '', '!', 0);
            INSERT INTO rooms (id, name, last_seq, created_at) VALUES (2, 'alpha', {Messages}, 0), (3, 'beta', {Messages + 1}, 0);
            UPDATE rooms SET last_seq = {Messages} WHERE id = 1;
            INSERT INTO messages (room_id, seq, user_id, client_msg_id, body, created_at)
                WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {Messages})
                SELECT r.id, i, 1, CASE WHEN i % 3 = 0 THEN 'message-' || i END, 'message ' || i, i FROM n, rooms r;
            INSERT INTO entries (room_id, seq, kind, user_id, target, created_at) VALUES (3, {Messages + 1}, 2, 1, 1, 5);
            UPDATE messages SET body = '', version = {Messages + 1}, deleted_at = 5, deleted_by = 1 WHERE room_id = 3 AND seq = 1;
            INSERT INTO runs (position, room_id, first_seq) VALUES (1, 1, 1), ({Messages + 1}, 2, 1), ({(2 * Messages) + 1}, 3, 1);
            """);
    }
}
