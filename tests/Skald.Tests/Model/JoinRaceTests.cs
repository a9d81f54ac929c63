using Microsoft.Extensions.Options;
using Skald.Server.Delivery;
using Skald.Server.Rooms;
using Skald.Tests.Harness;

namespace Skald.Tests.Model;

/// <summary>A join and a message at the same instant, on two threads.</summary>
public sealed class JoinRaceTests
{
    [Fact]
    public void First_reader_of_a_room_never_misses_the_message_that_is_delivered_while_it_joins()
    {
        using var encoder = new BatchEncoder();
        var limits = new DeliveryLimits();
        var log = ModelLog.Of(new ModelStore());
        var feeds = new RoomFeeds(Options.Create(limits));
        using var start = new Barrier(2);
        var rounds = Seed.Count(50_000, 1_000_000);
        var rooms = Enumerable.Range(0, rounds).Select(n => new Room(n, $"room{n}", 1, 0)).ToArray();
        var drafts = rooms.Select(room => new TestDraft(room, "x", null)).ToArray();

        var pace = new Pace();
        var delivery = new Thread(() =>
        {
            for (var n = 0; n < rounds; n++)
            {
                // As the log and the delivery thread do: on disk with its seq, then the room's head, then out.
                drafts[n].StoreAs(1, default);
                start.SignalAndWait();
                Thread.SpinWait(n % 100);   // at another moment of the join each time
                rooms[n].Reach(1);
                feeds.Accept(rooms[n], drafts.AsSpan(n, 1), encoder)?.Deliver(pace, failed => throw failed);
            }
        });
        delivery.Start();

        var missed = 0;
        for (var n = 0; n < rounds; n++)
        {
            var subscription = new Subscription(
                TestOutbound.Of(new ModelSocket(), log),
                rooms[n],
                Dialect.Entries);
            start.SignalAndWait();
            subscription.StartAt(feeds.Register(subscription));
            // Either the reader begins after the message, or the feed has it, or will.
            _subscriptions.Add(subscription);
        }

        delivery.Join();
        foreach (var subscription in _subscriptions)
            missed += subscription.Cursor < 1 && subscription.Feed.Head.Seq < 1 ? 1 : 0;
        Assert.Equal(0, missed);
    }

    private readonly List<Subscription> _subscriptions = [];
}
