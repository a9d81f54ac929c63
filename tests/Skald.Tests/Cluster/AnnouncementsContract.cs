using System.Diagnostics;
using System.Globalization;
using Skald.Server.Cluster;
using Skald.Tests.Harness;

namespace Skald.Tests.Cluster;

/// <summary>What nodes tell each other, whatever bus they do it by.</summary>
public abstract class AnnouncementsContract : IAsyncLifetime
{
    private readonly List<IAsyncDisposable> _opened = [];
    private BusServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await StartAsync();

    [Fact]
    public async Task Other_node_hears_how_far_the_log_has_grown_and_a_node_does_not_hear_itself()
    {
        var (ann, bob) = await TwoAsync();

        ann.Announcements.Grown(41);
        await HearsAsync(bob, 41);
        bob.Announcements.Grown(long.MaxValue);
        await HearsAsync(ann, long.MaxValue);

        Assert.Equal([long.MaxValue], ann.Grown);   // its own 41 had come before
        Assert.Equal([41], bob.Grown);
        Assert.Equal((1, 1), (ann.Missed, bob.Missed));
    }

    [Fact]
    public async Task What_is_noted_while_an_announcement_is_on_its_way_goes_with_the_next()
    {
        const int Commits = 10_000;
        var (ann, bob) = await TwoAsync();

        for (var end = 1; end <= Commits; end++)
            ann.Announcements.Grown(end);
        await HearsAsync(bob, Commits);

        Assert.InRange(bob.Grown.Count, 1, Commits / 10);
        Assert.Equal(bob.Grown.Order(), bob.Grown);
    }

    [Fact]
    public async Task All_that_is_noted_together_is_heard_together()
    {
        var (ann, bob) = await TwoAsync();
        byte[] frame = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        var before = bob.Missed;

        for (var n = 1; n <= 100; n++)
        {
            ann.Announcements.Grown(n);
            ann.Announcements.Look();
            await SignalAsync(ann, bob, "tech", frame);
        }

        await HearsAsync(bob, 100);
        await Deadline.UntilAsync(() => bob.Missed > before, "bob looks");
        Assert.Equal(1, ann.Missed);
        Assert.Empty(ann.Signals);
        Assert.Equal(100, bob.Signals.Count);
        Assert.All(bob.Signals, signal => Assert.Equal("tech", signal.Room));
        Assert.All(bob.Signals, signal => Assert.Equal(frame, signal.Frame.ToArray()));
    }

    [Fact]
    public async Task Signals_come_in_their_order()
    {
        var (ann, bob) = await TwoAsync();

        for (var n = 0; n < 200; n++)
            await SignalAsync(ann, bob, "tech", BitConverter.GetBytes(n));

        Assert.Equal(Enumerable.Range(0, 200), bob.Signals.Select(signal => BitConverter.ToInt32(signal.Frame.Span)));
    }

    [Fact]
    public async Task Longest_payload_is_heard_and_a_signal_that_is_longer_is_dropped()
    {
        var (ann, bob) = await TwoAsync();
        var most = 3 * ((ann.Bus.MostBytes - Announcement.HeadBytes - Announcement.SignalBytes("tech", 0)) / 4);
        var frame = new byte[most];
        Random.Shared.NextBytes(frame);

        ann.Announcements.Signal("tech", new byte[most + 1]);
        ann.Announcements.Signal("tech", frame);
        ann.Announcements.Grown(long.MaxValue);
        await Deadline.UntilAsync(() => !bob.Signals.IsEmpty, "the signal comes");

        Assert.Equal(frame, Assert.Single(bob.Signals).Frame.ToArray());
        ann.Announcements.Grown(1);
        await HearsAsync(bob, 1);
    }

    [Fact]
    public async Task Signals_that_come_faster_than_they_go_are_dropped_and_the_log_is_not()
    {
        var (ann, bob) = await TwoAsync();
        const int Sent = 2_000;

        for (var n = 1; n <= Sent; n++)
        {
            ann.Announcements.Signal("tech", new byte[1_000]);
            ann.Announcements.Grown(n);
        }

        await HearsAsync(bob, Sent);
        await Deadline.UntilAsync(() => !bob.Signals.IsEmpty, "the first signals come, which the log's end comes before");
        Assert.InRange(bob.Signals.Count, 1, Sent - 1);
    }

    [Fact]
    public async Task Connection_that_is_cut_is_made_again_and_what_may_be_missed_is_said()
    {
        var (ann, bob) = await TwoAsync();

        for (var cut = 1; cut <= 3; cut++)
        {
            await _server.CutAsync();
            await Deadline.UntilAsync(() => ann.Missed > cut && bob.Missed > cut, "both are back, and know that they were away");
            ann.Announcements.Grown(cut);
            await HearsAsync(bob, cut);
        }
    }

    /// <summary>As behind a pooler that shares connections, or where a subscription got lost: all is taken, and nothing comes.</summary>
    [Fact]
    public async Task Silent_connection_is_given_up_after_7_s_and_one_that_speaks_is_not()
    {
        var clock = new FakeClock();
        var (ann, bob) = (Node(_server.NewBus(), clock), Node(_server.NewBus()));
        await Task.WhenAll(ann.OpenAsync(), bob.OpenAsync());
        for (var s = 0; s < 60; s++)
        {
            var probes = (ann.Bus.Published, ann.Bus.Received);
            clock.Advance(TimeSpan.FromSeconds(1));
            if (s % 5 == 4)
            {
                await Deadline.UntilAsync(
                    () => ann.Bus.Published > probes.Published && ann.Bus.Received > probes.Received, "a probe comes back");
            }

            await Deadline.UntilAsync(() => !clock.IsAwaited(TimeSpan.FromSeconds(2)), "nothing is on its way");
        }

        Assert.Equal((1, 1), (ann.Bus.Opened, ann.Missed));

        ann.Bus.Brings = TestBus.Nothing;
        var (published, silent) = (ann.Bus.Published, TimeSpan.Zero);
        while (ann.Bus.Opened == 1 && silent < TimeSpan.FromSeconds(20))
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            silent += TimeSpan.FromSeconds(1);
            await Task.Delay(TimeSpan.FromMilliseconds(100), Deadline.Token());   // real: a round trip
        }

        Assert.InRange(silent, TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(9));
        Assert.InRange(ann.Bus.Published - published, 1, 4);
        await Deadline.UntilAsync(() => ann.Missed == 2, "what may be missed is said");
        ann.Bus.Brings = TestBus.AsItIs;
        bob.Announcements.Grown(5);
        await HearsAsync(ann, 5);
        Assert.Single(ann.Log.Lines, line => line.Contains("[10000]", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Network_that_swallows_everything_slows_nobody_down_and_is_done_without_once_it_is_found_out()
    {
        var address = new UriBuilder("tcp", "127.0.0.1", _server.Port).Uri;
        await using var proxy = new FaultProxy(address, seed: 1);
        var (ann, bob) = (Node(_server.NewBus(proxy.Through(address).Port)), Node(_server.NewBus()));
        await Task.WhenAll(ann.OpenAsync(), bob.OpenAsync());

        (proxy.Up.Swallows, proxy.Down.Swallows) = (true, true);
        for (var end = 1; end <= 100; end++)
            AtOnce(ann, end);
        await Deadline.UntilAsync(() => ann.Log.Lines.Any(line => line.Contains("[10000]", StringComparison.Ordinal)), "it is found out");
        (proxy.Up.Swallows, proxy.Down.Swallows) = (false, false);

        await HearsAsync(bob, 100);
        await Deadline.UntilAsync(() => ann.Missed > 1, "what may be missed is said");
    }

    [Fact]
    public async Task Bus_that_is_not_there_slows_nobody_down_and_is_found_once_it_is_there()
    {
        await using var server = await StartAsync(own: true);
        await using var ann = new TestNode(server.NewBus());
        await ann.OpenAsync();
        await server.StopAsync();
        await Deadline.UntilAsync(() => ann.Log.Lines.Any(line => line.Contains("[10000]", StringComparison.Ordinal)), "it is said");
        await using var bob = new TestNode(server.NewBus());   // starts while the bus is away

        for (var end = 1; end <= 1_000; end++)
            AtOnce(ann, end);
        await Deadline.UntilAsync(() => bob.Log.Lines.Any(line => line.Contains("[10000]", StringComparison.Ordinal)), "bob says it too");
        await server.StartAgainAsync();
        await Deadline.UntilAsync(() => ann.Log.Lines.Any(line => line.Contains("[10001]", StringComparison.Ordinal)), "it is back");
        await bob.OpenAsync();

        ann.Announcements.Grown(1_001);
        await HearsAsync(bob, 1_001);
        Assert.All(
            (TestNode[])[ann, bob],
            node => Assert.Single(node.Log.Lines, line => line.Contains("[10000]", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("v2 0123456789abcdef 7 g8")]
    [InlineData("v1 0123456789abcdef 7 x9")]
    [InlineData("v1 0123456789abcdef 7 g")]
    [InlineData("v1 0123456789abcdef 7 stech,no base64")]
    [InlineData("v1 0123456789abcdef 7 s../,QUJD")]
    [InlineData("v1")]
    [InlineData("hello")]
    public async Task What_cannot_be_read_makes_a_node_look_for_itself_and_ends_nothing(string payload)
    {
        var (ann, bob) = await TwoAsync();

        await _server.PublishAsync(payload);
        await Deadline.UntilAsync(() => ann.Missed == 2 && bob.Missed == 2, "both look");
        ann.Announcements.Grown(3);
        await HearsAsync(bob, 3);

        Assert.Equal([3], bob.Grown);
        Assert.Empty(bob.Signals);
        Assert.Equal((1, 1), (ann.Bus.Opened, bob.Bus.Opened));
    }

    [Fact]
    public async Task Nodes_of_another_log_hear_nothing_of_it()
    {
        var (ann, bob) = await TwoAsync();
        var stranger = Node(await _server.NewStrangerAsync());
        await stranger.OpenAsync();

        ann.Announcements.Grown(1);
        await HearsAsync(bob, 1);
        var received = stranger.Bus.Received;
        stranger.Announcements.Grown(2);
        await Deadline.UntilAsync(() => stranger.Bus.Received > received, "it hears itself");

        Assert.Equal(received + 1, stranger.Bus.Received);
        Assert.Empty(stranger.Grown);
        Assert.Equal([1], bob.Grown);
    }

    [Fact]
    public async Task Fault_of_one_who_is_told_is_said_and_ends_nothing()
    {
        await using var deaf = new TestNode(_server.NewBus()) { Faulty = true };
        var ann = Node(_server.NewBus());
        await Task.WhenAll(deaf.OpenAsync(), ann.OpenAsync());

        for (var end = 1; end <= 3; end++)
        {
            ann.Announcements.Grown(end);
            await HearsAsync(deaf, end);
        }

        await Deadline.UntilAsync(
            () => deaf.Log.Lines.Count(line => line.Contains("[10002]", StringComparison.Ordinal)) == 3, "each fault is said");
        Assert.Equal(1, deaf.Bus.Opened);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var opened in Enumerable.Reverse(_opened))
            await opened.DisposeAsync();
        await _server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <param name="own">Whether it is to be stopped.</param>
    private protected abstract Task<BusServer> StartAsync(bool own = false);

    private static Task HearsAsync(TestNode node, long end) =>
        Deadline.UntilAsync(() => node.Grown.LastOrDefault() == end, string.Create(CultureInfo.InvariantCulture, $"it hears of {end}"));

    private TestNode Node(IBus bus, TimeProvider? clock = null)
    {
        var node = new TestNode(bus, clock);
        _opened.Add(node);
        return node;
    }

    private async Task<(TestNode Ann, TestNode Bob)> TwoAsync()
    {
        var (ann, bob) = (Node(_server.NewBus()), Node(_server.NewBus()));
        await Task.WhenAll(ann.OpenAsync(), bob.OpenAsync());
        return (ann, bob);
    }

    /// <summary>Sends a signal, and the next only once this one is there: none may be dropped.</summary>
    private static async Task SignalAsync(TestNode from, TestNode to, string room, byte[] frame)
    {
        var heard = to.Signals.Count;
        from.Announcements.Signal(room, frame);
        await Deadline.UntilAsync(() => to.Signals.Count > heard, "the signal comes");
    }

    private static void AtOnce(TestNode node, long end)
    {
        var asked = Stopwatch.GetTimestamp();
        node.Announcements.Grown(end);
        node.Announcements.Signal("tech", new byte[100]);
        node.Announcements.Look();
        // A time-out would be 2 s; what a busy machine takes is far below.
        Assert.InRange(Stopwatch.GetElapsedTime(asked), TimeSpan.Zero, TimeSpan.FromMilliseconds(500));
    }
}
