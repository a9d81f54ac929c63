using System.Diagnostics.CodeAnalysis;
using Microsoft.Data.Sqlite;
using Skald.Server.History;
using Skald.Tests.History;
using Skald.Tests.Repository;
using Skald.Tests.Rooms;

namespace Skald.Tests.Storage;

public sealed class SqliteMessageStoreTests : MessageStoreContract
{
    private readonly SqliteStores _sqlite = new();

    public override ValueTask DisposeAsync()
    {
        _sqlite.Dispose();
        return ValueTask.CompletedTask;
    }

    private protected override Task<Stores> OpenAsync() => Task.FromResult(_sqlite.Open());

    private protected override Task<Stores> ReopenAsync() => OpenAsync();
}

public sealed class SqliteFollowedLogTests : FollowedLogContract
{
    private readonly SqliteStores _sqlite = new();

    public override ValueTask DisposeAsync()
    {
        _sqlite.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Commits_of_one_room_after_another_are_one_run()
    {
        await Whole_log_has_the_entries_of_all_rooms_in_the_order_of_their_commits();

        // global, tech; tech goes on; global, tech
        Assert.Equal(4, await _sqlite.Database.ReadAsync(connection => Count(connection, "SELECT count(*) FROM runs")));
    }

    /// <summary>The first start of this version on a database of the one before.</summary>
    [Fact]
    public async Task Log_of_an_earlier_version_is_followed_from_its_beginning()
    {
        await Whole_log_has_the_entries_of_all_rooms_in_the_order_of_their_commits();
        // As a database of the schema before has none of it, this step makes it of the rooms that are there.
        var step = Source.Read("src/Skald.Server/Storage/Sqlite/Schema/0004-runs.sql");
        await _sqlite.Database.WriteAsync(connection => Count(connection, $"DROP TABLE runs; DROP TABLE followers; {step}; SELECT 1"));
        var followed = _sqlite.Open().Followed;

        var read = new List<string>();
        var page = await followed.ReadAsync(
            new LogSelection(0, 100), (room, position, in entry) => read.Add($"{position} {room.Name} {entry.Seq}"));

        Assert.Equal(
            ["1 global 1", "2 global 2", "3 global 3", "4 tech 1", "5 tech 2", "6 tech 3", "7 tech 4", "8 tech 5"],
            read);
        Assert.Equal(new LogPosition(8, 8), page);
    }

    private protected override Task<Stores> OpenAsync() => Task.FromResult(_sqlite.Open());

    private protected override Task<Stores> ReopenAsync() => OpenAsync();

    [SuppressMessage("Security", "CA2100", Justification = "The tests' own SQL.")]
    private static long Count(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }
}

public sealed class SqliteRoomStoreTests : RoomStoreContract
{
    private readonly SqliteStores _sqlite = new();

    public override ValueTask DisposeAsync()
    {
        _sqlite.Dispose();
        return ValueTask.CompletedTask;
    }

    private protected override Task<Stores> OpenAsync() => Task.FromResult(_sqlite.Open());
}

/// <summary>What the promises rest on: how the file is opened.</summary>
public sealed class SqlitePragmaTests : IDisposable
{
    private readonly SqliteStores _sqlite = new();

    public void Dispose() => _sqlite.Dispose();

    [Theory]
    [InlineData("journal_mode", "wal")]
    [InlineData("synchronous", "2")]   // FULL
    [InlineData("foreign_keys", "1")]
    [InlineData("wal_autocheckpoint", "4000")]
    public async Task Writer_keeps_every_acknowledged_message(string pragma, string expected)
    {
        _sqlite.Open();

        Assert.Equal(expected, await _sqlite.Database.WriteAsync(connection => Read(connection, pragma)));
    }

    [Theory]
    [InlineData("query_only", "1")]
    [InlineData("wal_autocheckpoint", "0")]
    public async Task Readers_neither_write_nor_checkpoint(string pragma, string expected)
    {
        _sqlite.Open();

        Assert.Equal(expected, await _sqlite.Database.ReadAsync(connection => Read(connection, pragma)));
    }

    [Fact]
    public async Task Reader_that_tries_to_write_is_refused()
    {
        var stores = _sqlite.Open();

        await Assert.ThrowsAnyAsync<Exception>(() => _sqlite.Database.ReadAsync(connection =>
        {
            using var command = connection.CreateCommand();
            command.CommandText = "INSERT INTO rooms (name, created_at) VALUES ('written-by-a-reader', 0)";
            return command.ExecuteNonQuery();
        }));

        Assert.Null(await stores.Rooms.FindAsync("written-by-a-reader"));
    }

    [Fact]
    public async Task Log_lies_in_the_order_of_its_key_so_that_a_page_is_one_range()
    {
        _sqlite.Open();

        var plan = await _sqlite.Database.ReadAsync(connection =>
        {
            using var command = connection.CreateCommand();
            command.CommandText = "EXPLAIN QUERY PLAN SELECT body FROM messages WHERE room_id = 1 AND seq BETWEEN 5 AND 9 ORDER BY seq";
            using var rows = command.ExecuteReader();
            var steps = new List<string>();
            while (rows.Read())
                steps.Add(rows.GetString(3));
            return string.Join("; ", steps);
        });

        Assert.Equal("SEARCH messages USING PRIMARY KEY (room_id=? AND seq>? AND seq<?)", plan);
    }

    private static string? Read(SqliteConnection connection, string pragma)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The tests' own names.
        command.CommandText = $"PRAGMA {pragma}";
#pragma warning restore CA2100
        return Convert.ToString(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
