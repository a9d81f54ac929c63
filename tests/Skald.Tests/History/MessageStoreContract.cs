using System.Text;
using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Identity;
using Skald.Server.Rooms;
using Skald.Tests.Harness;

namespace Skald.Tests.History;

/// <summary>
/// What every engine's log must do. An engine plugs in by opening its stores on an empty database, and again on the same.
/// </summary>
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

        await _stores.Messages.ReadMessagesAsync(_global, 1, 3, newestFirst: true, (in message) =>
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

        await _stores.Messages.ReadAsync(_global, 1, 1, (in entry) =>
        {
            var message = entry.Message;
            Assert.Equal("global", message.Room);
            Assert.Equal(1, message.Seq);
            Assert.Equal("bob", Encoding.UTF8.GetString(message.Username));
            Assert.Equal("Hello", Encoding.UTF8.GetString(message.Text));
            Assert.Equal("12345678", Encoding.UTF8.GetString(message.ClientMessageId));
            Assert.Equal(draft.Timestamp, message.Timestamp);
            return true;
        });
        Assert.Equal(DraftEnd.Stored, draft.End);
        Assert.NotEqual(0, draft.Timestamp.Microseconds);
    }

    [Fact]
    public async Task Message_without_a_client_msg_id_has_none_and_is_never_a_duplicate()
    {
        var drafts = await AppendAsync(Draft(_global, "same"), Draft(_global, "same"));

        Assert.All(drafts, draft => Assert.Equal(DraftEnd.Stored, draft.End));
        await _stores.Messages.ReadAsync(_global, 1, 2, (in entry) =>
        {
            Assert.True(entry.Message.ClientMessageId.IsEmpty);
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
        var drafts = await AppendAsync(
            Draft(_global, "once", _ann, "12345678"),
            Draft(_global, "twice", _ann, "12345678"),
            Draft(_global, "after"));

        Assert.Equal([false, true, false], drafts.Select(draft => draft.End == DraftEnd.Duplicate));
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
            Assert.Equal(DraftEnd.Duplicate, repeat.End);
            Assert.Equal((1, first.Timestamp), (repeat.Seq, repeat.Timestamp));
            Assert.Equal("once", Encoding.UTF8.GetString(repeat.Text));
        }
    }

    [Fact]
    public async Task Client_msg_id_belongs_to_its_user_and_room_and_its_case_matters()
    {
        var drafts = await AppendAsync(
            Draft(_global, "a", _ann, "abcdefgh"), Draft(_global, "b", _bob, "abcdefgh"), Draft(_tech, "c", _ann, "abcdefgh"),
            Draft(_global, "d", _ann, "ABCDEFGH"));

        Assert.All(drafts, draft => Assert.Equal(DraftEnd.Stored, draft.End));
    }

    [Fact]
    public async Task Draft_that_cannot_be_stored_keeps_no_other_of_its_batch_from_it()
    {
        var nowhere = new Room(id: 999, "nowhere", firstSeq: 1, lastSeq: 0);
        var nobody = new CurrentUser(999, "nobody", 1);

        var drafts = await AppendAsync(
            Draft(_global, "a"), Refused(nowhere, "no such room", _ann), Refused(_global, "no such user", nobody),
            Draft(_global, "b"), Draft(_tech, "c"));

        Assert.Equal(
            [DraftEnd.Stored, DraftEnd.Refused, DraftEnd.Refused, DraftEnd.Stored, DraftEnd.Stored],
            drafts.Select(draft => draft.End));
        Assert.Equal(["1 a", "2 b"], await ReadAsync(_global, 1, 100));
        Assert.Equal(["1 c"], await ReadAsync(_tech, 1, 100));
        var after = Assert.Single(await AppendAsync(Draft(_global, "after")));
        Assert.Equal(3, after.Seq);
    }

    [Fact]
    public async Task Large_batch_is_one_batch()
    {
        var drafts = await AppendAsync([.. Enumerable.Range(0, 1_024).Select(n => Draft(n % 2 == 0 ? _global : _tech, $"{n}"))]);

        Assert.Equal(
            Enumerable.Range(1, 512).Select(seq => (long)seq),
            drafts.Where(draft => draft.Room == _global).Select(draft => draft.Seq));
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

        await _stores.Messages.ReadAsync(_global, 1, 10, (in entry) =>
        {
            seen.Add(entry.Seq);
            return seen.Count < 3;
        });

        Assert.Equal([1, 2, 3], seen);
        Assert.Equal(10, (await ReadAsync(_global, 1, 10)).Count);   // and the next reading begins anew
    }

    [Fact]
    public async Task Reader_that_throws_ends_its_own_reading_only()
    {
        await AppendAsync(Draft(_global, "1"), Draft(_global, "2"));

        await Assert.ThrowsAsync<InvalidDataException>(
            () => _stores.Messages.ReadAsync(_global, 1, 2, (in _) => throw new InvalidDataException()));

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
    public async Task Edit_takes_a_seq_of_its_own_and_the_message_has_its_text_from_then_on()
    {
        await AppendAsync(Draft(_global, "Helo", _ann, "12345678"), Draft(_global, "second"));

        var edit = Assert.Single(await AppendAsync(Edit(_global, 1, "Hello", _ann)));
        var again = Assert.Single(await AppendAsync(Edit(_global, 1, "Hello!", _ann)));

        Assert.Equal((DraftEnd.Stored, 3L), (edit.End, edit.Seq));
        Assert.Equal(4, again.Seq);
        Assert.Equal(["1 Hello!", "2 second", "3 Edited 1: Hello!", "4 Edited 1: Hello!"], await ReadAsync(_global, 1, 100));
        await _stores.Messages.ReadAsync(_global, 3, 3, (in entry) =>
        {
            Assert.Equal("ann", Encoding.UTF8.GetString(entry.By));
            Assert.Equal(edit.Timestamp, entry.Timestamp);
            var message = entry.Message;
            Assert.Equal((1, 4, 4), (message.Seq, message.Version, message.TextVersion));
            Assert.Equal(again.Timestamp, message.EditedAt);
            Assert.Equal("12345678", Encoding.UTF8.GetString(message.ClientMessageId));
            Assert.False(message.IsDeleted);
            return true;
        });
        var changed = edit.Changed!;
        Assert.Equal(
            (1, 3, 3, "Hello", "ann"),
            (
                changed.Seq,
                changed.Version,
                changed.TextVersion,
                Encoding.UTF8.GetString(changed.Text),
                Encoding.UTF8.GetString(changed.Username)));
    }

    [Fact]
    public async Task Deleted_message_has_no_text_and_says_who_deleted_it_when()
    {
        await AppendAsync(Draft(_global, "a"), Draft(_global, "b"));
        await AppendAsync(Edit(_global, 1, "a2", _ann));

        var delete = Assert.Single(await AppendAsync(Delete(_global, 1, _ann)));

        Assert.Equal(["1 gone", "2 b", "3 Edited 1: gone", "4 Deleted 1: gone"], await ReadAsync(_global, 1, 100));
        await _stores.Messages.ReadAsync(_global, 4, 4, (in entry) =>
        {
            Assert.True(entry.Message.Text.IsEmpty);
            Assert.Equal(
                (4, "ann", delete.Timestamp),
                (entry.Message.Version, Encoding.UTF8.GetString(entry.Message.DeletedBy), entry.Message.DeletedAt));
            return true;
        });
        _stores = await ReopenAsync();
        Assert.Equal(["1 gone", "2 b", "3 Edited 1: gone", "4 Deleted 1: gone"], await ReadAsync(_global, 1, 100));
    }

    [Fact]
    public async Task Messages_are_read_without_what_lies_between_them_and_without_deleted_ones()
    {
        await AppendAsync(Draft(_global, "a"), Draft(_global, "b"));
        await AppendAsync([.. Enumerable.Range(0, 500).Select(n => Edit(_global, 1, $"a{n}", _ann))]);
        await AppendAsync(Draft(_global, "c"), Draft(_global, "d"));
        await AppendAsync(Delete(_global, 503, _ann));

        foreach (var newestFirst in new[] { false, true })
        {
            var seen = new List<string>();
            await _stores.Messages.ReadMessagesAsync(_global, 1, long.MaxValue, newestFirst, (in message) =>
            {
                seen.Add($"{message.Seq} {Encoding.UTF8.GetString(message.Text)} {message.Version}");
                return true;
            });
            string[] expected = ["1 a499 502", "2 b 2", "504 d 504"];
            Assert.Equal(newestFirst ? expected.Reverse() : expected, seen);
        }
    }

    [Theory]
    [InlineData(9, "message_not_found")]
    [InlineData(3, "message_not_found")]   // an entry, no message
    [InlineData(long.MaxValue, "message_not_found")]
    [InlineData(2, "forbidden")]           // somebody else's
    public async Task Change_of_what_is_none_of_the_senders_messages_is_refused_alone(long target, string code)
    {
        await AppendAsync(Draft(_global, "a"), Draft(_global, "bob's", _bob));
        await AppendAsync(Edit(_global, 1, "a2", _ann));
        foreach (var command in new EntryCommand[]
        {
            new EditCommand(default, _global.Name, target, "x"u8.ToArray(), null, null),
            new DeleteCommand(default, _global.Name, target, null),
        })
        {
            var drafts = await AppendAsync(new TestDraft(_global, _ann, command, Assert.NotNull), Draft(_tech, "beside"));

            Assert.Equal((DraftEnd.Refused, code), (drafts[0].End, drafts[0].Refusal!.Code.Name));
            Assert.Equal(DraftEnd.Stored, drafts[1].End);
        }

        Assert.Equal(["1 a2", "2 bob's", "3 Edited 1: a2"], await ReadAsync(_global, 1, 100));
    }

    [Fact]
    public async Task Message_of_the_same_batch_can_be_edited_and_deleted_and_ends_deleted()
    {
        var drafts = await AppendAsync(
            Draft(_global, "a"),
            Edit(_global, 1, "b", _ann),
            Delete(_global, 1, _ann),
            new TestDraft(_global, _ann, new EditCommand(default, _global.Name, 1, "c"u8.ToArray(), null, null), Assert.NotNull));

        Assert.Equal([1L, 2, 3, 0], drafts.Select(draft => draft.Seq));
        Assert.Equal("message_deleted", drafts[3].Refusal!.Code.Name);
        Assert.Equal(["1 gone", "2 Edited 1: gone", "3 Deleted 1: gone"], await ReadAsync(_global, 1, 100));
    }

    [Fact]
    public async Task Edit_of_another_text_than_was_seen_is_refused_with_the_message_as_it_is()
    {
        await AppendAsync(Draft(_global, "first"));
        var a = Assert.Single(await AppendAsync(Edit(_global, 1, "one device", _ann, ifVersion: 1)));

        var drafts = await AppendAsync(
            new TestDraft(_global, _ann, new EditCommand(default, _global.Name, 1, "another"u8.ToArray(), 1, null), Assert.NotNull));

        Assert.Equal(DraftEnd.Stored, a.End);
        Assert.Equal("edit_conflict", drafts[0].Refusal!.Code.Name);
        Assert.Contains("\"message\":\"one device\"", Encoding.UTF8.GetString(drafts[0].Refusal!.Now!), StringComparison.Ordinal);
        Assert.Equal(DraftEnd.Stored, Assert.Single(await AppendAsync(Edit(_global, 1, "another", _ann, ifVersion: 2))).End);
    }

    [Fact]
    public async Task What_is_so_already_stores_nothing_and_names_the_entry_that_made_it_so()
    {
        await AppendAsync(Draft(_global, "same"), Draft(_global, "gone"));
        var unedited = Assert.Single(await AppendAsync(Edit(_global, 1, "same", _ann)));
        await AppendAsync(Edit(_global, 1, "new", _ann), Delete(_global, 2, _ann));

        var edit = Assert.Single(await AppendAsync(Edit(_global, 1, "new", _ann)));
        var delete = Assert.Single(await AppendAsync(Delete(_global, 2, _ann)));

        Assert.Equal(
            [(DraftEnd.Unchanged, 1L), (DraftEnd.Unchanged, 3L), (DraftEnd.Unchanged, 4L)],
            new Draft[] { unedited, edit, delete }.Select(draft => (draft.End, draft.Seq)));
        Assert.Equal(4, (await ReadAsync(_global, 1, 100)).Count);
        Assert.Equal(5, Assert.Single(await AppendAsync(Draft(_global, "next"))).Seq);
    }

    [Fact]
    public async Task Repeat_of_an_edit_after_another_one_changes_nothing()
    {
        await AppendAsync(Draft(_global, "0", _ann, "abcdefgh"));
        var a = Assert.Single(await AppendAsync(Edit(_global, 1, "A", _ann, "abcdefgh")));   // a message's and an edit's are two
        await AppendAsync(Edit(_global, 1, "B", _ann, "bbbbbbbb"));

        var repeat = Assert.Single(await AppendAsync(Edit(_global, 1, "A", _ann, "abcdefgh")));

        Assert.Equal((DraftEnd.Duplicate, a.Seq, a.Timestamp), (repeat.End, repeat.Seq, repeat.Timestamp));
        Assert.Equal("1 B", (await ReadAsync(_global, 1, 1))[0]);
        // A, B, A is no repeat.
        Assert.Equal(DraftEnd.Stored, Assert.Single(await AppendAsync(Edit(_global, 1, "A", _ann, "cccccccc"))).End);
    }

    [Fact]
    public async Task Draft_that_is_to_be_refused_is_a_duplicate_where_it_was_stored()
    {
        var tooFast = new ChatError(ErrorCode.RateLimited, "slower");
        await AppendAsync(Draft(_global, "once", _ann, "12345678"));
        await AppendAsync(Edit(_global, 1, "edited", _ann, "12345678"));
        var drafts = new[]
        {
            Draft(_global, "once", _ann, "12345678"), Edit(_global, 1, "edited", _ann, "12345678"),
            new TestDraft(_global, _ann, TestDraft.Send(_global, "new", "87654321"), Assert.NotNull), Refused(_global, "nameless", _ann),
        };
        foreach (var draft in drafts)
            draft.RefuseUnlessStored(tooFast);

        await AppendAsync(drafts);

        Assert.Equal([DraftEnd.Duplicate, DraftEnd.Duplicate, DraftEnd.Refused, DraftEnd.Refused], drafts.Select(draft => draft.End));
        Assert.Equal(2, (await ReadAsync(_global, 1, 100)).Count);
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

    private TestDraft Draft(Room room, string text) => Draft(room, text, _ann);

    private static TestDraft Draft(Room room, string text, CurrentUser sender, string? clientMessageId = null) =>
        new(room, sender, TestDraft.Send(room, text, clientMessageId));

    private static TestDraft Refused(Room room, string text, CurrentUser sender) =>
        new(room, sender, TestDraft.Send(room, text), Assert.NotNull);

    private static TestDraft Edit(Room room, long target, string text, CurrentUser sender, string? id = null, long? ifVersion = null) =>
        new(room, sender, new EditCommand(default, room.Name, target, Encoding.UTF8.GetBytes(text), ifVersion, id));

    private static TestDraft Delete(Room room, long target, CurrentUser sender, string? id = null) =>
        new(room, sender, new DeleteCommand(default, room.Name, target, id));

    private async Task<IReadOnlyList<Draft>> AppendAsync(params TestDraft[] drafts)
    {
        try
        {
            await _stores.Messages.AppendAsync(new Batch(drafts));
        }
        finally
        {
            // Off SQLite's thread, which must not be blocked: a test that fails would end on it, and wait for itself.
            await Task.Yield();
        }

        return drafts;
    }

    private static string Said(in LogEntry entry)
    {
        var what = entry.Message.IsDeleted ? "gone" : Encoding.UTF8.GetString(entry.Message.Text);
        return entry.Kind == EntryKind.Message ? $"{entry.Seq} {what}" : $"{entry.Seq} {entry.Kind} {entry.Message.Seq}: {what}";
    }

    /// <summary>Messages as <c>"seq text"</c>, other entries as <c>"seq kind target: text"</c>.</summary>
    private async Task<List<string>> ReadAsync(Room room, long first, long last)
    {
        var read = new List<string>();
        await _stores.Messages.ReadAsync(room, first, last, (in entry) =>
        {
            read.Add(Said(entry));
            return true;
        });
        return read;
    }
}
