using Skald.Server.Delivery;
using Skald.Server.Rooms;
using Skald.Tests.Model;

namespace Skald.Tests.Delivery;

/// <summary>What a feed makes of announcements that come late, or not at all.</summary>
public sealed class RoomFeedTests
{
    private readonly Room _room = new(1, "room", 1, 0);

    [Fact]
    public void What_it_began_after_is_not_delivered_again()
    {
        using var encoder = new BatchEncoder();
        var feed = new RoomFeed(_room, tailBytes: 64 * 1024);
        feed.Begin(5);

        // It read the head after the commit of 4 and 5, and before they were announced.
        feed.Take(Messages(4, 5), encoder);

        Assert.Equal(5, feed.Head.Seq);
        Assert.False(feed.TryReadTail(4, out _, out _));
        feed.Take(Messages(5, 7), encoder);
        Assert.Equal(7, feed.Head.Seq);
        Assert.True(feed.TryReadTail(5, out _, out var end));
        Assert.Equal(7, end.Seq);
    }

    [Fact]
    public void Who_stands_before_a_gap_is_sent_to_the_log()
    {
        using var encoder = new BatchEncoder();
        var feed = new RoomFeed(_room, tailBytes: 64 * 1024);
        feed.Take(Messages(1, 3), encoder);

        feed.Take(Messages(6, 7), encoder);

        Assert.False(feed.TryReadTail(3, out _, out _));
        Assert.True(feed.TryReadTail(5, out _, out var end));
        Assert.Equal(7, end.Seq);
    }

    private ModelDraft[] Messages(long first, long last)
    {
        var drafts = new ModelDraft[last - first + 1];
        for (var seq = first; seq <= last; seq++)
        {
            drafts[seq - first] = new ModelDraft(_room, $"{seq}", null);
            drafts[seq - first].StoreAs(seq, default);
        }

        return drafts;
    }
}
