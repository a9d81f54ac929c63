using System.Collections.Concurrent;
using Npgsql;
using Skald.Protocol;
using Skald.Server.Database;
using Skald.Server.History;
using Skald.Server.Identity;
using Skald.Server.Rooms;
using Skald.Server.Storage.Postgres;
using Skald.Tests.Harness;
using Skald.Tests.History;

namespace Skald.Tests.Storage;

/// <summary>
/// Several connections append to the same rooms at once, which one node never does: what a call stores does not rest on who else calls.
/// </summary>
public sealed class PostgresRaceTests : IAsyncLifetime
{
    private const int Writers = 4;

    private readonly PostgresStores _postgres = new();
    private Stores _stores = null!;
    private Room[] _rooms = [];
    private CurrentUser _ann;

    public async ValueTask InitializeAsync()
    {
        _stores = await _postgres.OpenAsync();
        _rooms = [await _stores.Rooms.CreateAsync("one", createdBy: null), await _stores.Rooms.CreateAsync("other", createdBy: null)];
        var ann = (await _stores.Accounts.CreateAccountAsync("ann", "", "hash", new Timestamp(1)))!;
        _ann = new CurrentUser(ann.Id, ann.Username, SessionId: 1);
    }

    public ValueTask DisposeAsync() => _postgres.DisposeAsync();

    /// <summary>Each writer sends what all send, and one of its own: one row each, no hole, and the same answer for all.</summary>
    [Fact]
    public async Task Message_that_comes_by_several_ways_at_once_is_stored_once_and_all_are_told_the_same()
    {
        var told = await SendTheSameAsync(Seed.Count(40, full: 400));

        Assert.All(told, one => Assert.Single(one.Value.Distinct()));
        await AssertPositionsAsync();
    }

    /// <summary>The control of the one before: a repeat that another writer was faster with is passed over, and yet counted.</summary>
    [Fact]
    public async Task Call_that_passes_over_what_is_stored_already_leaves_holes()
    {
        await using var changed = await ChangeAppendAsync(
            "AS d(room, place, user_id, client_msg_id, body);", once => once.Insert(once.Length - 1, " ON CONFLICT DO NOTHING"));

        var red = await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() => SendTheSameAsync(40));

        Assert.Contains("Assert.Equal", red.Message, StringComparison.Ordinal);
    }

    /// <summary>Each call locks the rooms in the order of their ids, so that no two wait for each other.</summary>
    [Fact]
    public async Task Calls_for_the_same_rooms_never_wait_in_a_circle() => await SendToBothAsync();

    /// <summary>The control of the one before.</summary>
    [Fact]
    public async Task Calls_that_lock_rooms_in_any_order_wait_in_a_circle()
    {
        await using var changed = await ChangeAppendAsync(
            "BEGIN\n    SELECT array_agg",
            begin => begin.Insert(
                "BEGIN\n".Length, "PERFORM FROM room_heads h WHERE h.room_id = ANY (p_rooms) ORDER BY random() FOR NO KEY UPDATE;\n"));

        var red = await Assert.ThrowsAsync<PostgresException>(SendToBothAsync);

        Assert.Equal(PostgresErrorCodes.DeadlockDetected, red.SqlState);
    }

    private Task SendToBothAsync() => RaceAsync(async (writer, connection) =>
    {
        for (var n = 0; n < 50; n++)
            await AppendAsync(connection, Send(_rooms[n % 2], $"{writer}-{n:D4}-a"), Send(_rooms[(n + 1) % 2], $"{writer}-{n:D4}-b"));
    });

    /// <summary>Has the database store otherwise than the program has it.</summary>
    private Task<PostgresFunction> ChangeAppendAsync(string part, Func<string, string> change) =>
        PostgresFunction.ChangeAsync(_postgres.Name, "skald_append_2", append =>
        {
            Assert.Contains(part, append, StringComparison.Ordinal);
            return append.Replace(part, change(part), StringComparison.Ordinal);
        });

    /// <returns>For each message what its writers were told. What is stored has no holes.</returns>
    private async Task<ConcurrentDictionary<string, ConcurrentBag<(long Seq, long At)>>> SendTheSameAsync(int rounds)
    {
        var told = new ConcurrentDictionary<string, ConcurrentBag<(long Seq, long At)>>();
        await RaceAsync(async (writer, connection) =>
        {
            for (var round = 0; round < rounds; round++)
            {
                var drafts = new[] { Send(_rooms[0], $"shared-{round:D4}"), Send(_rooms[1], $"own-{writer}-{round:D4}") };
                await AppendAsync(connection, drafts);
                foreach (var draft in drafts)
                    told.GetOrAdd(draft.ClientMessageId!, _ => []).Add((draft.Seq, draft.Timestamp.Microseconds));
            }
        });

        Assert.Equal(rounds, (await ReadAsync(_rooms[0])).Count);
        Assert.Equal(rounds * Writers, (await ReadAsync(_rooms[1])).Count);
        return told;
    }

    /// <summary>
    /// All edit one message at once by <c>if_version</c>: each edit follows the one that it was made of, and none is lost.
    /// </summary>
    [Fact]
    public async Task Edits_of_one_message_are_decided_one_after_the_other()
    {
        await AppendAsync(_postgres, Send(_rooms[0], "the-message"));
        var stored = new ConcurrentBag<(long Of, long Seq)>();
        await RaceAsync(async (writer, connection) =>
        {
            for (var n = 0; n < 25; n++)
            {
                var seen = await VersionAsync();
                var edit = new TestDraft(
                    _rooms[0],
                    _ann,
                    new EditCommand(default, "one", 1, System.Text.Encoding.UTF8.GetBytes($"{writer} {n}"), seen, null),
                    _ => { });
                await AppendAsync(connection, edit);
                if (edit.End == DraftEnd.Stored)
                    stored.Add((seen, edit.Seq));
                else
                    Assert.Equal("edit_conflict", edit.Refusal!.Code.Name);
            }
        });

        var edits = stored.OrderBy(edit => edit.Seq).ToArray();
        Assert.Equal(edits.Select(edit => edit.Seq).Prepend(1).SkipLast(1), edits.Select(edit => edit.Of));
        Assert.Equal(edits.Length + 1, (await ReadAsync(_rooms[0])).Count);
        await AssertPositionsAsync();
    }

    /// <summary>The call is made of what was read before it: between the two another node has changed the same message.</summary>
    [Fact]
    public async Task Call_that_goes_by_a_message_that_has_changed_stores_nothing()
    {
        await using var connection = await ConnectAsync();
        await AppendAsync(_postgres, Send(_rooms[0], "the-message"));
        var decision = await PostgresDecision.MakeAsync(
            connection, new Batch([Edit(1), Send(_rooms[0], "late-message")]), Stores.Rules);
        await AppendAsync(_postgres, Edit(1, "faster"));

        Assert.False(await decision.TryStoreAsync(connection));

        Assert.Equal(2, (await ReadAsync(_rooms[0])).Count);
        await AssertPositionsAsync();
    }

    /// <summary>Between the two another node has only stored something else: everything moves behind that.</summary>
    [Fact]
    public async Task Call_that_goes_by_a_head_that_has_moved_stores_behind_it_what_was_decided()
    {
        await using var connection = await ConnectAsync();
        await AppendAsync(_postgres, Send(_rooms[0], "the-message"));
        var (edit, sent, repeat) = (Edit(1), Send(_rooms[0], "late-message"), Send(_rooms[0], "late-message"));
        var decision = await PostgresDecision.MakeAsync(connection, new Batch([edit, sent, repeat]), Stores.Rules);
        Assert.Equal([2, 3, 3], new[] { edit, sent, repeat }.Select(draft => draft.Seq));
        await AppendAsync(_postgres, Send(_rooms[0], "faster-1"));
        await AppendAsync(_postgres, Send(_rooms[0], "faster-2"));

        Assert.True(await decision.TryStoreAsync(connection));

        Assert.Equal([4, 5, 5], new[] { edit, sent, repeat }.Select(draft => draft.Seq));
        Assert.Single(new[] { edit, sent, repeat }.Select(draft => draft.Timestamp).Distinct());
        var told = new[] { edit.Changed! }.Select(now => (now.Seq, now.Version, now.TextVersion, now.EditedAt));
        var stored = new List<(long, long, long, Timestamp)>();
        await _stores.Messages.ReadMessagesAsync(_rooms[0], 1, 9, newestFirst: false, (in message) =>
        {
            if (message.Version != message.Seq)
                stored.Add((message.Seq, message.Version, message.TextVersion, message.EditedAt));
            return true;
        });
        Assert.Equal([(1L, 4L, 4L, edit.Timestamp)], stored);
        Assert.Equal(stored, told);
        await AssertPositionsAsync();
    }

    /// <summary>An edit of a number that its batch was to give out: another node has given it to another message meanwhile.</summary>
    [Fact]
    public async Task Edit_of_a_number_beyond_the_head_is_decided_again_where_the_head_has_moved()
    {
        await using var connection = await ConnectAsync();
        var decision = await PostgresDecision.MakeAsync(
            connection, new Batch([Send(_rooms[0], "late-message"), Edit(1, "of the other")]), Stores.Rules);
        await AppendAsync(_postgres, Send(_rooms[0], "faster"));

        Assert.False(await decision.TryStoreAsync(connection));

        Assert.Equal(["1 faster"], await ReadAsync(_rooms[0]));
    }

    [Fact]
    public async Task Writes_that_met_are_done_as_if_one_after_the_other()
    {
        const int Calls = 24;
        await _stores.Followed.KeepPositionAsync("counter", 0);

        await Task.WhenAll(Enumerable.Range(0, Calls).Select(_ => Task.Run(() => _postgres.Database.WriteAsync(async connection =>
        {
            await using var read = connection.CreateCommand();
            read.CommandText = "SELECT position FROM followers WHERE name = 'counter'";
            var seen = (long)(await read.ExecuteScalarAsync())!;
            return await connection.ExecuteAsync("UPDATE followers SET position = @next WHERE name = 'counter'", ("next", seen + 1));
        }))));

        Assert.Equal(Calls, await _stores.Followed.FindPositionAsync("counter"));
    }

    private async Task RaceAsync(Func<int, NpgsqlConnection, Task> write) =>
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            await using var connection = await ConnectAsync();
            await Task.Run(() => write(writer, connection));
        }));

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection((await SharedPostgres.GetAsync()).ConnectionString(_postgres.Name) + ";Pooling=false");
        await connection.OpenAsync(Deadline.Token());
        return connection;
    }

    /// <summary>As the store does it, on a connection that others are beside.</summary>
    private static async Task AppendAsync(NpgsqlConnection connection, params TestDraft[] drafts)
    {
        for (var attempt = 0; attempt < 1_000; attempt++)
        {
            var decision = await PostgresDecision.MakeAsync(connection, new Batch(drafts), Stores.Rules);
            if (await decision.TryStoreAsync(connection))
                return;
        }

        Assert.Fail("Others were always faster.");
    }

    private Task AppendAsync(PostgresStores _, TestDraft draft) => _stores.Messages.AppendAsync(new Batch([draft]));

    private async Task<long> VersionAsync()
    {
        var version = 0L;
        await _stores.Messages.ReadAsync(_rooms[0], 1, 1, (in entry) =>
        {
            version = entry.Message.TextVersion == 0 ? 1 : entry.Message.TextVersion;
            return true;
        });
        return version;
    }

    private async Task<List<string>> ReadAsync(Room room)
    {
        var read = new List<string>();
        await _stores.Messages.ReadAsync(room, 1, long.MaxValue, (in entry) =>
        {
            Assert.Equal(read.Count + 1, entry.Seq);
            read.Add($"{entry.Seq} {System.Text.Encoding.UTF8.GetString(entry.Message.ClientMessageId)}");
            return true;
        });
        return read;
    }

    /// <summary>The whole log has every entry once, and those of a room in their order.</summary>
    private async Task AssertPositionsAsync()
    {
        var (after, seqs) = (0L, new Dictionary<string, long>());
        while (true)
        {
            var page = await _stores.Followed.ReadAsync(new LogSelection(after, 50), (room, position, in entry) =>
            {
                Assert.Equal(++after, position);
                Assert.Equal(seqs[room.Name] = seqs.GetValueOrDefault(room.Name) + 1, entry.Seq);
            });
            Assert.Equal(after, page.Reached);
            if (page.Reached == page.End)
                break;
        }

        var heads = 0L;
        foreach (var room in _rooms)
            heads += (await _stores.Rooms.FindAsync(room.Name))!.LastSeq;
        Assert.Equal(heads, after);
    }

    private TestDraft Send(Room room, string id) => new(room, _ann, TestDraft.Send(room, "x", id), _ => { });

    private TestDraft Edit(long target, string text = "y") =>
        new(_rooms[0], _ann, new EditCommand(default, "one", target, System.Text.Encoding.UTF8.GetBytes(text), null, null), _ => { });
}
