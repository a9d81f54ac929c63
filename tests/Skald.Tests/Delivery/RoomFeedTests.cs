using Skald.Server.Delivery;
using Skald.Server.Rooms;
using Skald.Tests.Harness;

namespace Skald.Tests.Delivery;

/// <summary>What a feed makes of announcements that come late, or not at all.</summary>
public sealed class RoomFeedTests
{
    private readonly Room _room = new(1, "room", 1, 0);

    [Fact]
    public void What_it_began_after_is_not_delivered_again()
    {
        using var encoder = new BatchEncoder();
        var feed = NewFeed();
        feed.Begin(5);

        // It read the head after the commit of 4 and 5, and before they were announced.
        feed.Accept(Messages(4, 5), encoder);

        Assert.Equal(5, feed.Head.Seq);
        Assert.False(feed.TryReadTail(4, out _));
        feed.Accept(Messages(5, 7), encoder);
        Assert.Equal(7, feed.Head.Seq);
        Assert.True(feed.TryReadTail(5, out var found));
        Assert.Equal(7, found.Last);
    }

    [Fact]
    public void Who_stands_before_a_gap_is_sent_to_the_log()
    {
        using var encoder = new BatchEncoder();
        var feed = NewFeed();
        feed.Accept(Messages(1, 3), encoder);

        feed.Accept(Messages(6, 7), encoder);

        Assert.False(feed.TryReadTail(3, out _));
        Assert.True(feed.TryReadTail(5, out var found));
        Assert.Equal(7, found.Last);
    }

    /// <summary>
    /// A drain, a lost switch: all readers of a room leave. What one of them costs must not grow with how many there are.
    /// </summary>
    [Fact]
    public void Twenty_thousand_readers_come_and_go_without_copying_the_list_of_the_others()
    {
        using var encoder = new BatchEncoder();
        var feed = NewFeed();
        var readers = Enumerable.Range(0, 20_000).Select(_ => new Subscription(reader: null!, _room, Dialect.Entries)).ToArray();
        var before = GC.GetAllocatedBytesForCurrentThread();

        foreach (var reader in readers)
            Assert.True(feed.TryAdd(reader));
        Assert.Equal(readers.Length, feed.Accept(Messages(1, 1), encoder)!.Value.Count);
        foreach (var reader in readers.Skip(1))
            Assert.False(feed.Remove(reader));
        Assert.False(feed.Remove(readers[^1]));   // again
        Assert.Equal(1, feed.Accept(Messages(2, 2), encoder)!.Value.Count);
        Assert.True(feed.Remove(readers[0]));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 * 1024 * 1024);
    }

    [Fact]
    public void Over_the_budget_of_all_rooms_the_one_that_was_written_to_longest_ago_loses_its_tail()
    {
        using var encoder = new BatchEncoder();
        var rooms = Enumerable.Range(1, 3).Select(n => new Room(n, $"room{n}", 1, 0)).ToArray();
        var probe = new TailBudget(long.MaxValue);
        new RoomFeed(rooms[0], tailBytes: 64 * 1024, probe).Accept(Messages(1, 1), encoder);
        var budget = new TailBudget(2 * probe.Used);
        var feeds = rooms.Select(room => new RoomFeed(room, tailBytes: 64 * 1024, budget)).ToArray();

        feeds[0].Accept(Messages(1, 1), encoder);
        feeds[1].Accept(Messages(1, 1), encoder);
        Assert.All(feeds[..2], feed => Assert.True(feed.TryReadTail(0, out _)));
        feeds[0].DropTail();
        feeds[0].Accept(Messages(2, 2), encoder);
        feeds[2].Accept(Messages(1, 1), encoder);

        Assert.Equal(2 * probe.Used, budget.Used);
        Assert.True(feeds[0].TryReadTail(1, out _));
        Assert.False(feeds[1].TryReadTail(0, out _));
        Assert.True(feeds[2].TryReadTail(0, out _));
    }

    /// <summary>One batch may be larger than all tails together may be.</summary>
    [Fact]
    public void Batch_that_is_over_the_budget_by_itself_is_not_kept()
    {
        using var encoder = new BatchEncoder();
        var budget = new TailBudget(100);
        var feed = new RoomFeed(_room, tailBytes: 64 * 1024, budget);

        feed.Accept(Messages(1, 10), encoder);

        Assert.Equal(0, budget.Used);
        Assert.False(feed.TryReadTail(5, out _));
        Assert.Equal(10, feed.Head.Seq);
    }

    private RoomFeed NewFeed() => new(_room, tailBytes: 64 * 1024, new TailBudget(64 * 1024));

    private TestDraft[] Messages(long first, long last)
    {
        var drafts = new TestDraft[last - first + 1];
        for (var seq = first; seq <= last; seq++)
        {
            drafts[seq - first] = new TestDraft(_room, $"{seq}", null);
            drafts[seq - first].StoreAs(seq, default);
        }

        return drafts;
    }
}
