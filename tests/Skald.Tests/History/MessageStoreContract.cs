using System.Text;
using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Tests.History;

/// <summary>What every engine's log must do. An engine plugs in by opening its stores on an empty database, and again on the same.</summary>
public abstract class MessageStoreContract : IAsyncLifetime
{
    private static readonly Timestamp Then = new(1_771_692_362_123_456);

    private Stores _stores = null!;
    private Room _global = null!, _tech = null!;
    private CurrentUser _ann, _bob;

    public async ValueTask InitializeAsync()
    {
        _stores = await OpenAsync();
        _global = await _stores.Rooms.CreateAsync("global", createdBy: null);
        _tech = await _stores.Rooms.CreateAsync("tech", createdBy: null);
        _ann = await UserAsync("ann");
        _bob = await UserAsync("bob");
    }

    public abstract ValueTask DisposeAsync();

    private protected abstract Task<Stores> OpenAsync();

    /// <summary>Closes the stores and opens them again on the same data.</summary>
    private protected abstract Task<Stores> ReopenAsync();

    [Fact]
    public async Task Each_message_takes_the_next_seq_of_its_room_in_the_order_they_came()
    {
        var first = await AppendAsync(Draft(_global, "a"), Draft(_tech, "b"), Draft(_global, "c"));
        var second = await AppendAsync(Draft(_tech, "d"), Draft(_global, "e"), Draft(_tech, "f"));

        Assert.Equal([1, 1, 2], first.Select(draft => draft.Seq));
        Assert.Equal([2, 3, 3], second.Select(draft => draft.Seq));
        Assert.Equal(["1 a", "2 c", "3 e"], await ReadAsync(_global, 1, 100));
        Assert.Equal(["1 b", "2 d", "3 f"], await ReadAsync(_tech, 1, 100));
    }

    [Fact]
    public async Task Reading_back_begins_with_the_newest_and_ends_where_the_visitor_says()
    {
        await AppendAsync(Draft(_global, "a"), Draft(_tech, "b"), Draft(_global, "c"), Draft(_global, "d"), Draft(_global, "e"));
        var seen = new List<long>();

        await _stores.Messages.ReadBackAsync(_global, 1, 3, (in message) =>
        {
            seen.Add(message.Seq);
            return message.Seq > 2;
        });

        Assert.Equal([3, 2], seen);
    }

    [Fact]
    public async Task Message_comes_back_as_it_was_stored()
    {
        var draft = Assert.Single(await AppendAsync(Draft(_global, "Hello", _bob, "12345678")));

        await _stores.Messages.ReadAsync(_global, 1, 1, (in message) =>
        {
            Assert.Equal("global", message.Room);
            Assert.Equal(1, message.Seq);
            Assert.Equal("bob", Encoding.UTF8.GetString(message.Username));
            Assert.Equal("Hello", Encoding.UTF8.GetString(message.Text));
            Assert.Equal("12345678", Encoding.UTF8.GetString(message.ClientMessageId));
            Assert.Equal(draft.Timestamp, message.Timestamp);
            return true;
        });
        Assert.False(draft.Duplicate);
        Assert.NotEqual(0, draft.Timestamp.Microseconds);
    }

    [Fact]
    public async Task Message_without_a_client_msg_id_has_none_and_is_never_a_duplicate()
    {
        var drafts = await AppendAsync(Draft(_global, "same"), Draft(_global, "same"));

        Assert.All(drafts, draft => Assert.False(draft.Duplicate));
        await _stores.Messages.ReadAsync(_global, 1, 2, (in message) =>
        {
            Assert.True(message.ClientMessageId.IsEmpty);
            return true;
        });
    }

    [Theory]
    [InlineData("grüße 👋🏽 \u200d \u202e עברית e\u0301")]
    [InlineData("' OR 1=1; DROP TABLE messages; --")]
    [InlineData("line\r\nline\ttab \u001b[31m \"quoted\" \\ <script>alert(1)</script>")]
    [InlineData(" ")]
    [InlineData("\ufeff\uffff\U0010ffff")]
    public async Task Text_comes_back_byte_for_byte(string text)
    {
        await AppendAsync(Draft(_global, text));

        Assert.Equal([$"1 {text}"], await ReadAsync(_global, 1, 1));
    }

    [Fact]
    public async Task Longest_text_comes_back_whole()
    {
        var text = string.Concat(Enumerable.Repeat("👋", 2_000));
        Assert.Equal(8_000, Encoding.UTF8.GetByteCount(text));

        await AppendAsync(Draft(_global, text));

        Assert.Equal([$"1 {text}"], await ReadAsync(_global, 1, 1));
    }

    [Fact]
    public async Task Repeat_within_a_batch_finds_the_message_of_the_same_batch()
    {
        var drafts = await AppendAsync(Draft(_global, "once", _ann, "12345678"), Draft(_global, "twice", _ann, "12345678"), Draft(_global, "after"));

        Assert.Equal([false, true, false], drafts.Select(draft => draft.Duplicate));
        Assert.Equal([1, 1, 2], drafts.Select(draft => draft.Seq));
        Assert.Equal("once", Encoding.UTF8.GetString(drafts[1].Text));
        Assert.Equal(drafts[0].Timestamp, drafts[1].Timestamp);
        Assert.Equal(["1 once", "2 after"], await ReadAsync(_global, 1, 100));
    }

    [Fact]
    public async Task Repeat_in_a_later_batch_or_after_a_restart_finds_the_message_stored_first()
    {
        var first = Assert.Single(await AppendAsync(Draft(_global, "once", _ann, "12345678")));
        var later = Assert.Single(await AppendAsync(Draft(_global, "twice", _ann, "12345678")));
        _stores = await ReopenAsync();
        var afterwards = Assert.Single(await AppendAsync(Draft(_global, "thrice", _ann, "12345678")));

        foreach (var repeat in new[] { later, afterwards })
        {
            Assert.True(repeat.Duplicate);
            Assert.Equal((1, first.Timestamp), (repeat.Seq, repeat.Timestamp));
            Assert.Equal("once", Encoding.UTF8.GetString(repeat.Text));
        }
    }

    [Fact]
    public async Task Client_msg_id_belongs_to_its_user_and_room_and_its_case_matters()
    {
        var drafts = await AppendAsync(
            Draft(_global, "a", _ann, "abcdefgh"), Draft(_global, "b", _bob, "abcdefgh"), Draft(_tech, "c", _ann, "abcdefgh"), Draft(_global, "d", _ann, "ABCDEFGH"));

        Assert.All(drafts, draft => Assert.False(draft.Duplicate));
    }

    [Fact]
    public async Task Batch_that_fails_leaves_nothing_and_the_next_one_has_no_hole()
    {
        await AppendAsync(Draft(_global, "before"));
        var nowhere = new Room(id: 999, "nowhere", firstSeq: 1, lastSeq: 0);

        await Assert.ThrowsAnyAsync<Exception>(() => AppendAsync(Draft(_global, "lost", _ann, "12345678"), Draft(_tech, "lost"), Draft(nowhere, "no such room")));
        await Assert.ThrowsAnyAsync<Exception>(() => AppendAsync(Draft(_global, "lost", new CurrentUser(999, "nobody", 1))));

        Assert.Equal(["1 before"], await ReadAsync(_global, 1, 100));
        Assert.Empty(await ReadAsync(_tech, 1, 100));
        var after = Assert.Single(await AppendAsync(Draft(_global, "after", _ann, "12345678")));
        Assert.Equal((2, false), (after.Seq, after.Duplicate));
    }

    [Fact]
    public async Task Large_batch_is_one_batch()
    {
        var drafts = await AppendAsync([.. Enumerable.Range(0, 1_024).Select(n => Draft(n % 2 == 0 ? _global : _tech, $"{n}"))]);

        Assert.Equal(Enumerable.Range(1, 512).Select(seq => (long)seq), drafts.Where(draft => draft.Room == _global).Select(draft => draft.Seq));
        Assert.Equal(512, (await ReadAsync(_tech, 1, 1_000)).Count);
    }

    [Theory]
    [InlineData(1, 10, "1 2 3 4 5 6 7 8 9 10")]
    [InlineData(3, 5, "3 4 5")]
    [InlineData(10, 10, "10")]
    [InlineData(9, 1_000, "9 10")]
    [InlineData(11, 20, "")]
    [InlineData(5, 4, "")]
    [InlineData(0, 2, "1 2")]
    [InlineData(long.MinValue, long.MaxValue, "1 2 3 4 5 6 7 8 9 10")]
    public async Task Range_is_read_in_order_both_ends_included(long first, long last, string expected)
    {
        await AppendAsync([.. Enumerable.Range(1, 10).Select(n => Draft(_global, $"{n}"))]);

        var read = (await ReadAsync(_global, first, last)).Select(text => text.Split(' ')[1]);

        Assert.Equal(expected, string.Join(' ', read));
    }

    [Fact]
    public async Task Reading_ends_when_the_reader_has_enough()
    {
        await AppendAsync([.. Enumerable.Range(1, 10).Select(n => Draft(_global, $"{n}"))]);
        var seen = new List<long>();

        await _stores.Messages.ReadAsync(_global, 1, 10, (in message) =>
        {
            seen.Add(message.Seq);
            return seen.Count < 3;
        });

        Assert.Equal([1, 2, 3], seen);
        Assert.Equal(10, (await ReadAsync(_global, 1, 10)).Count);   // and the next reading begins anew
    }

    [Fact]
    public async Task Reader_that_throws_ends_its_own_reading_only()
    {
        await AppendAsync(Draft(_global, "1"), Draft(_global, "2"));

        await Assert.ThrowsAsync<InvalidDataException>(() => _stores.Messages.ReadAsync(_global, 1, 2, (in _) => throw new InvalidDataException()));

        Assert.Equal(["1 1", "2 2"], await ReadAsync(_global, 1, 2));
    }

    [Fact]
    public async Task Messages_and_epoch_outlive_a_restart_and_seq_goes_on()
    {
        var epoch = _stores.Messages.Epoch;
        await AppendAsync(Draft(_global, "before"));

        _stores = await ReopenAsync();
        var found = (await _stores.Rooms.FindAsync("global"))!;
        var after = Assert.Single(await AppendAsync(Draft(found, "after")));

        Assert.NotEmpty(epoch);
        Assert.Equal(epoch, _stores.Messages.Epoch);
        Assert.Equal((1, 1), (found.FirstSeq, found.LastSeq));
        Assert.Equal(2, after.Seq);
        Assert.Equal(["1 before", "2 after"], await ReadAsync(found, 1, 2));
    }

    [Fact]
    public async Task What_is_appended_is_read_at_once_by_readers_that_read_all_the_time()
    {
        using var stop = new CancellationTokenSource();
        var reading = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var seen = await ReadAsync(_global, 1, 1_000);
                Assert.Equal(Enumerable.Range(1, seen.Count).Select(n => $"{n} {n}"), seen);
            }
        })));

        for (var n = 1; n <= 100; n++)
        {
            await AppendAsync(Draft(_global, $"{n}"));
            Assert.Equal([$"{n} {n}"], await ReadAsync(_global, n, n));
        }

        await stop.CancelAsync();
        await reading;
    }

    private async Task<CurrentUser> UserAsync(string name)
    {
        var account = (await _stores.Accounts.CreateAccountAsync(name, "", "hash", Then))!;
        return new CurrentUser(account.Id, account.Username, SessionId: 1);
    }

    private StoreDraft Draft(Room room, string text) => Draft(room, text, _ann);

    private static StoreDraft Draft(Room room, string text, CurrentUser sender, string? clientMessageId = null) =>
        new(room, sender, Encoding.UTF8.GetBytes(text), clientMessageId);

    private async Task<IReadOnlyList<Draft>> AppendAsync(params StoreDraft[] drafts)
    {
        try
        {
            await _stores.Messages.AppendAsync(new Batch(drafts));
        }
        finally
        {
            await Task.Yield();   // off the engine's thread, which must not be blocked: a test that fails would end on it, and wait for itself
        }

        return drafts;
    }

    /// <summary>As <c>"seq text"</c>.</summary>
    private async Task<List<string>> ReadAsync(Room room, long first, long last)
    {
        var read = new List<string>();
        await _stores.Messages.ReadAsync(room, first, last, (in message) =>
        {
            read.Add($"{message.Seq} {Encoding.UTF8.GetString(message.Text)}");
            return true;
        });
        return read;
    }

    private sealed class StoreDraft(Room room, CurrentUser sender, byte[] text, string? clientMessageId) : Draft(room, sender, text, clientMessageId)
    {
        public override void Complete(ChatError? refusal)
        {
        }
    }
}
