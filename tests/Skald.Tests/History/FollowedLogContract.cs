using System.Text;
using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Identity;
using Skald.Server.Rooms;
using Skald.Tests.Harness;

namespace Skald.Tests.History;

/// <summary>
/// What every engine's whole log must do. An engine plugs in by opening its stores on an empty database, and again on the same.
/// </summary>
public abstract class FollowedLogContract : IAsyncLifetime
{
    private Stores _stores = null!;
    private Room _global = null!, _tech = null!;
    private CurrentUser _ann;

    public async ValueTask InitializeAsync()
    {
        _stores = await OpenAsync();
        _global = await _stores.Rooms.CreateAsync("global", createdBy: null);
        _tech = await _stores.Rooms.CreateAsync("tech", createdBy: null);
        var ann = (await _stores.Accounts.CreateAccountAsync("ann", "", "hash", new Timestamp(1)))!;
        _ann = new CurrentUser(ann.Id, ann.Username, SessionId: 1);
    }

    public abstract ValueTask DisposeAsync();

    private protected abstract Task<Stores> OpenAsync();

    /// <summary>Closes the stores and opens them again on the same data.</summary>
    private protected abstract Task<Stores> ReopenAsync();

    [Fact]
    public async Task Whole_log_has_the_entries_of_all_rooms_in_the_order_of_their_commits()
    {
        await AppendAsync(Send(_tech, "a"), Send(_global, "b"), Send(_global, "c"));
        await AppendAsync(Send(_tech, "d"));
        await AppendAsync(Edit(_tech, 1, "a2"), Send(_tech, "e"));
        await AppendAsync(Delete(_global, 2), Send(_tech, "f"));

        string[] expected =
        [
            "1 global 1 Message b", "2 global 2 Message ", "3 tech 1 Message a2", "4 tech 2 Message d", "5 tech 3 Edited a2",
            "6 tech 4 Message e",
            "7 global 3 Deleted ", "8 tech 5 Message f",
        ];
        foreach (var most in new[] { 1, 2, 3, 100 })
            Assert.Equal(expected, await ReadAsync(most));
    }

    [Fact]
    public async Task What_was_done_to_messages_is_read_without_the_messages()
    {
        for (var n = 0; n < 50; n++)
            await AppendAsync(Send(_global, "x"), Send(_tech, "y"));
        await AppendAsync(Edit(_tech, 7, "z"));
        await AppendAsync(Send(_global, "x"), Delete(_tech, 3));

        foreach (var most in new[] { 1, 2, 100 })
            Assert.Equal(["101 tech 51 Edited z", "103 tech 52 Deleted "], await ReadAsync(most, changesOnly: true));
    }

    [Fact]
    public async Task Position_goes_on_after_the_log_was_opened_again()
    {
        await AppendAsync(Send(_tech, "a"), Send(_tech, "b"));
        var kept = await _stores.Followed.ReadAsync(new LogSelection(0, 1), (_, _, in _) => { });
        await _stores.Followed.KeepPositionAsync("one", kept.Reached);
        await _stores.Followed.KeepPositionAsync("other", 7);

        _stores = await ReopenAsync();
        await AppendAsync(Send(_tech, "c"), Send(_global, "d"));

        Assert.Equal(kept.Reached, await _stores.Followed.FindPositionAsync("one"));
        Assert.Equal(7, await _stores.Followed.FindPositionAsync("other"));
        Assert.Equal(0, await _stores.Followed.FindPositionAsync("a new one"));
        Assert.Equal(
            ["2 tech 2 Message b", "3 global 1 Message d", "4 tech 3 Message c"],
            (await ReadAsync(100, after: kept.Reached)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Selection_ends_where_it_is_told_and_leaves_out_rooms_that_are_not_wanted()
    {
        await AppendAsync(Send(_tech, "a"), Send(_tech, "b"), Send(_tech, "c"));
        await AppendAsync(Send(_global, "d"), Send(_global, "e"));
        await AppendAsync(Send(_tech, "f"), Send(_tech, "g"));
        var asked = new List<string>();
        var read = new List<string>();

        var page = await _stores.Followed.ReadAsync(
            new LogSelection(After: 1, Most: 100)
            {
                Last = 6,
                Wants = run =>
                {
                    Assert.Empty(read);   // of all runs before the first entry
                    asked.Add($"{run.Position} {run.Room.Name} {run.FirstSeq}-{run.LastSeq}");
                    return run.Room.Name == _tech.Name;
                },
            },
            (room, position, in entry) => read.Add($"{position} {room.Name} {entry.Seq}"));

        Assert.Equal(["2 tech 2-3", "4 global 1-2", "6 tech 4-4"], asked);
        Assert.Equal(["2 tech 2", "3 tech 3", "6 tech 4"], read);
        Assert.Equal(new LogPosition(6, 7), page);
        Assert.Equal(7, await _stores.Followed.FindEndAsync());
    }

    [Fact]
    public async Task Batch_is_told_where_it_lies_in_the_whole_log()
    {
        var first = new Batch([Send(_tech, "a", "client-id-1"), Send(_global, "b")]);
        await _stores.Messages.AppendAsync(first);
        var again = new Batch([Send(_tech, "a", "client-id-1")]);
        await _stores.Messages.AppendAsync(again);
        var next = new Batch([Send(_tech, "c")]);
        await _stores.Messages.AppendAsync(next);
        await Task.Yield();   // off the store's own thread, which cannot end while it runs this

        Assert.Equal(new LogSpan(1, 2), first.Span);
        Assert.Equal(new LogSpan(3, 2), again.Span);
        Assert.Equal(new LogSpan(3, 3), next.Span);
    }

    [Fact]
    public async Task What_is_not_stored_has_no_position()
    {
        await AppendAsync(Send(_global, "a", "client-id-1"));
        await AppendAsync(
            Send(_global, "a", "client-id-1"),
            new TestDraft(_tech, _ann, new EditCommand(default, _tech.Name, 9, "x"u8.ToArray(), null, null), Assert.NotNull));
        await AppendAsync(Send(_tech, "b"));

        Assert.Equal(["1 global 1 Message a", "2 tech 1 Message b"], await ReadAsync(100));
    }

    /// <summary>Whatever is committed while one reads, in pages of any size: nothing is left out and nothing comes twice.</summary>
    [Fact]
    public async Task Log_that_grows_while_it_is_read_is_read_whole()
    {
        var rooms = new[] { _global, _tech };
        var random = new Random(20261130);
        var stored = 0;
        var writing = Task.Run(async () =>
        {
            for (var n = 0; n < 200; n++)
            {
                var drafts = Enumerable.Range(0, random.Next(1, 6)).Select(_ => Send(rooms[random.Next(2)], "x")).ToArray();
                await AppendAsync(drafts);
                Interlocked.Add(ref stored, drafts.Length);
            }
        });

        var (after, seqs, positions) = (0L, new Dictionary<string, long>(), new List<long>());
        while (!writing.IsCompleted || positions.Count < Volatile.Read(ref stored))
        {
            after = (await _stores.Followed.ReadAsync(new LogSelection(after, 1 + (positions.Count % 7)), (room, position, in entry) =>
            {
                Assert.Equal(seqs.GetValueOrDefault(room.Name) + 1, entry.Seq);
                seqs[room.Name] = entry.Seq;
                positions.Add(position);
            })).Reached;
        }

        await writing;
        Assert.Equal(positions.Count, stored);
        Assert.Equal(Enumerable.Range(1, stored).Select(n => (long)n), positions);
    }

    private async Task<List<string>> ReadAsync(int most, bool changesOnly = false, long after = 0)
    {
        var read = new List<string>();
        while (true)
        {
            var selection = new LogSelection(after, most) { ChangesOnly = changesOnly };
            var page = await _stores.Followed.ReadAsync(selection, (room, position, in entry) =>
                read.Add($"{position} {room.Name} {entry.Seq} {entry.Kind} {Encoding.UTF8.GetString(entry.Message.Text)}"));
            if (page.Reached == after)
            {
                Assert.Equal(page.End, page.Reached);
                return read;
            }

            after = page.Reached;
        }
    }

    private async Task AppendAsync(params TestDraft[] drafts)
    {
        await _stores.Messages.AppendAsync(new Batch(drafts));
        await Task.Yield();   // off SQLite's thread, which must not be blocked
    }

    private TestDraft Send(Room room, string text, string? id = null) => new(room, _ann, TestDraft.Send(room, text, id));

    private TestDraft Edit(Room room, long target, string text) =>
        new(room, _ann, new EditCommand(default, room.Name, target, Encoding.UTF8.GetBytes(text), null, null));

    private TestDraft Delete(Room room, long target) => new(room, _ann, new DeleteCommand(default, room.Name, target, null));
}
