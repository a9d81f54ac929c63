using Microsoft.Extensions.DependencyInjection;
using Skald.Server.Cluster;
using Skald.Server.History;
using Skald.Server.Storage.Postgres;
using Skald.Tests.Harness;

namespace Skald.Tests.Cluster;

/// <summary>Three nodes on one database: whichever a client is on, the rooms are the same.</summary>
public sealed class NodesTests
{
    private const int Nodes = 3;

    /// <summary>All write into the same two rooms at once: edits and deletes too.</summary>
    /// <param name="announcements">What becomes of those that come to a node: each by chance.</param>
    [Theory]
    [InlineData("heard")]
    [InlineData("lost now and then")]
    [InlineData("lost")]
    [InlineData("repeated")]
    [InlineData("out of order")]
    public async Task Readers_of_all_nodes_receive_what_is_written_on_any_once_and_in_one_order(string announcements)
    {
        var random = new Random(Seed.Next(nameof(Readers_of_all_nodes_receive_what_is_written_on_any_once_and_in_one_order)));
        await using var cluster = await TestCluster.StartAsync(Nodes, services => Spoil(services, announcements, random));
        var messages = Seed.Count(60, full: 400);
        var ann = await cluster[0].RegisterAsync("ann");
        var readers = new List<ChatSocket>();
        foreach (var node in cluster.Nodes)
            readers.Add(await (ann with { Server = node }).JoinAsync("global", "tech"));

        await Task.WhenAll(cluster.Nodes.Select((node, n) => WriteAsync(ann with { Server = node }, n, messages)));

        // Of each message its place, and of each tenth an edit and a delete.
        var entries = Nodes * (messages + (2 * (messages / 10)));
        var seen = await Task.WhenAll(readers.Select(reader => ReadAsync(reader, entries)));
        Assert.All(seen, one => Assert.Equal(seen[0]["global"], one["global"]));
        Assert.All(seen, one => Assert.Equal(seen[0]["tech"], one["tech"]));
        Assert.Equal(Enumerable.Range(1, seen[0]["global"].Count).Select(n => (long)n), seen[0]["global"].Select(entry => entry.Seq));
        foreach (var reader in readers)
            await reader.DisposeAsync();
    }

    [Fact]
    public async Task Page_of_history_has_what_another_node_has_acknowledged_a_moment_ago()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var ann = await cluster[0].RegisterAsync("ann");
        var there = ann with { Server = cluster[1] };
        await ann.PublishAsync("global", "a first one");
        await there.HistoryAsync("global");   // the node has met the room

        for (var n = 0; n < 20; n++)
        {
            (await ann.PublishAsync("global", $"message {n}")).EnsureSuccessStatusCode();
            Assert.Equal($"message {n}", (await there.HistoryAsync("global", "?limit=1"))[0].GetProperty("message").GetString());
        }
    }

    [Fact]
    public async Task Client_goes_on_at_another_node_from_a_position_that_this_one_has_not_come_to()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var ann = await cluster[0].RegisterAsync("ann");
        await using var first = await ann.JoinAsync("global");
        await using (await (ann with { Server = cluster[1] }).JoinAsync("global"))
        {
            // The node knows the room.
        }

        for (var n = 0; n < 10; n++)
        {
            await first.SayAsync("global", $"message {n}");
            var seq = (await first.SkipToAsync("ack")).GetProperty("seq").GetInt64();
            await using var second = await (ann with { Server = cluster[1] }).ConnectAsync();
            var joined = await second.JoinAsync("global", since: seq);
            Assert.True(joined.GetProperty("complete").GetBoolean());
            Assert.Equal(seq, joined.GetProperty("since").GetInt64());
        }
    }

    [Fact]
    public async Task Message_that_was_stored_on_one_node_is_a_duplicate_on_another()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var ann = await cluster[0].RegisterAsync("ann");
        await using var reader = await (ann with { Server = cluster[1] }).JoinAsync("global");
        (await ann.PublishAsync("global", "once", "client-id-1")).EnsureSuccessStatusCode();

        await reader.SayAsync("global", "once", "client-id-1");

        // The answer comes first or the message, which this node has not announced before it was asked.
        var frames = new[] { await reader.ReceiveAsync(), await reader.ReceiveAsync() };
        var ack = Assert.Single(frames, frame => frame.GetProperty("type").GetString() == "ack");
        Assert.True(ack.GetProperty("duplicate").GetBoolean());
        Assert.Single(frames, frame => frame.GetProperty("type").GetString() == "chat_message");
        Assert.Single(await ann.HistoryAsync("global"));
    }

    /// <summary>Nothing is announced: the look of each second carries all of it.</summary>
    [Fact]
    public async Task Without_a_bus_readers_of_other_nodes_have_everything_all_the_same()
    {
        await using var cluster = await TestCluster.StartAsync(2, Mute);
        var ann = await cluster[0].RegisterAsync("ann");
        await using var reader = await (ann with { Server = cluster[1] }).JoinAsync("global");

        await using var writer = await ann.JoinAsync("global");
        for (var n = 0; n < 5; n++)
            await writer.SayAsync("global", $"message {n}");

        Assert.Equal(Enumerable.Range(0, 5).Select(n => $"message {n}"), await reader.ReceiveMessagesAsync(5));
    }

    /// <summary>The control of the rest: a node that neither hears nor looks serves what it knows.</summary>
    [Fact]
    public async Task Node_that_takes_the_database_for_its_own_serves_a_page_without_what_others_stored()
    {
        await using var cluster = await TestCluster.StartAsync(2, services =>
        {
            Mute(services);
            services.AddSingleton<IFollowedLog>(
                provider => new OwnLog(ActivatorUtilities.CreateInstance<PostgresFollowedLog>(provider)));
        });
        var ann = await cluster[0].RegisterAsync("ann");
        var there = ann with { Server = cluster[1] };
        await there.HistoryAsync("global");   // the node has met the room
        (await ann.PublishAsync("global", "unheard")).EnsureSuccessStatusCode();

        Assert.Empty(await there.HistoryAsync("global"));

        // Its own append tells it of the hole, whatever it was told before.
        await using var reader = await there.JoinAsync("global");
        await reader.SayAsync("global", "heard");
        Assert.Equal(["unheard", "heard"], await reader.ReceiveMessagesAsync(2));
    }

    [Fact]
    public async Task Node_tells_how_many_there_are()
    {
        await using var cluster = await TestCluster.StartAsync(2, configure: null, Scrape.On);
        await using (await SkaldServer.StartAsync(TestCluster.Settings(cluster.ConnectionString)))
            await cluster[0].MetricsWhenAsync(metrics => metrics["skald_nodes"] == 3);

        await cluster[0].MetricsWhenAsync(metrics => metrics["skald_nodes"] == 2);
    }

    /// <summary>The machines' clocks are an hour apart: order and times are the database's.</summary>
    [Fact]
    public async Task Nodes_whose_clocks_are_hours_apart_have_one_order_and_one_time()
    {
        await using var cluster = await StartWithWrongClocksAsync();

        var times = await WriteInTurnAsync(cluster);

        Assert.Equal(times.Order(), times);
        var now = TimeProvider.System.GetUtcNow();
        Assert.All(times, time => Assert.InRange(time, now.AddMinutes(-2), now.AddMinutes(1)));
    }

    /// <summary>The control of the one before.</summary>
    [Fact]
    public async Task Database_whose_own_clock_is_wrong_at_each_second_call_is_seen_by_its_times()
    {
        await using var cluster = await StartWithWrongClocksAsync();
        await cluster.ExecuteAsync("CREATE SEQUENCE IF NOT EXISTS wrong");
        await using var changed = await PostgresFunction.ChangeAsync(cluster.Database, "skald_now", _ =>
            """
            CREATE OR REPLACE FUNCTION skald_now() RETURNS bigint LANGUAGE sql VOLATILE AS
            'SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + nextval(''wrong'') % 2 * 3600000000'
            """);

        var times = await WriteInTurnAsync(cluster);

        Assert.NotEqual(times.Order(), times);
    }

    private static async Task<TestCluster> StartWithWrongClocksAsync()
    {
        var hours = new Queue<int>([-1, 0, 1]);
        return await TestCluster.StartAsync(
            Nodes, services => services.AddSingleton<TimeProvider>(new ShiftedClock(TimeSpan.FromHours(hours.Dequeue()))));
    }

    /// <returns>The times of what each node wrote, one after the other, as one node tells them.</returns>
    private static async Task<DateTimeOffset[]> WriteInTurnAsync(TestCluster cluster)
    {
        await cluster[0].RegisterAsync("ann");
        var (users, sockets) = (new List<TestUser>(), new List<ChatSocket>());
        foreach (var node in cluster.Nodes)
        {
            users.Add(await node.LoginAsync("ann"));   // a token is of its node's clock
            sockets.Add(await users[^1].JoinAsync("global"));
        }

        for (var n = 0; n < 4 * Nodes; n++)
        {
            using var answer = await users[n % Nodes].PublishAsync("global", $"message {n}");
            answer.EnsureSuccessStatusCode();
        }

        foreach (var socket in sockets)
        {
            Assert.Equal(Enumerable.Range(0, 4 * Nodes).Select(n => $"message {n}"), await socket.ReceiveMessagesAsync(4 * Nodes));
            await socket.DisposeAsync();
        }

        return [.. (await users[0].HistoryAsync("global")).Select(message => message.GetProperty("timestamp").GetDateTimeOffset())];
    }

    private static void Spoil(IServiceCollection services, string announcements, Random random)
    {
        var bus = services.Last(service => service.ServiceType == typeof(IBus)).ImplementationType!;
        services.AddSingleton<IBus>(
            provider => new TestBus((IBus)ActivatorUtilities.CreateInstance(provider, bus)) { Brings = Spoiled(announcements, random) });
    }

    private static Func<string, IEnumerable<string>> Spoiled(string announcements, Random random)
    {
        var late = new List<string>();
        return announcements switch
        {
            "heard" => TestBus.AsItIs,
            "lost now and then" => payload => Chance(0.1) ? [] : [payload],
            "lost" => TestBus.Nothing,
            "repeated" => payload => Enumerable.Repeat(payload, Chance(0.5) ? 3 : 1),
            "out of order" => TurnRound,
            _ => throw new ArgumentOutOfRangeException(nameof(announcements), announcements, "No such fault."),
        };

        bool Chance(double of)
        {
            lock (random)
                return random.NextDouble() < of;
        }

        // Up to five wait, and come in the opposite order.
        IEnumerable<string> TurnRound(string payload)
        {
            late.Insert(0, payload);
            if (late.Count < 5 && Chance(0.7))
                return [];
            string[] all = [.. late];
            late.Clear();
            return all;
        }
    }

    private static void Mute(IServiceCollection services) => services.AddSingleton<IAnnouncements, NoAnnouncements>();

    private static async Task WriteAsync(TestUser writer, int node, int messages)
    {
        await using var socket = await writer.ConnectAsync();
        for (var n = 0; n < messages; n++)
        {
            var room = n % 10 == 0 || n % 3 == 0 ? "global" : "tech";
            await socket.SayAsync(room, $"{node} {n}", $"of-node-{node}-{n:D4}");
            var seq = (await socket.SkipToAsync("ack")).GetProperty("seq").GetInt64();
            if (n % 10 != 0)
                continue;
            await socket.SendAsync(new { type = "edit", id = "e", room, seq, message = $"{node} {n} again" });
            await socket.SkipToAsync("ack");
            await socket.SendAsync(new { type = "delete", id = "d", room, seq });
            await socket.SkipToAsync("ack");
        }
    }

    private static async Task<Dictionary<string, List<(long Seq, string Kind)>>> ReadAsync(ChatSocket reader, int entries)
    {
        var seen = new Dictionary<string, List<(long, string)>>(StringComparer.Ordinal);
        for (var n = 0; n < entries; n++)
        {
            var frame = await reader.ReceiveAsync();
            var kind = frame.GetProperty("type").GetString()!;
            if (frame.TryGetProperty("kind", out var more))
                kind = more.GetString()!;
            // A message that is deleted before a node reads it has nothing in it: the number alone is the same everywhere.
            if (kind is "none")
                kind = "chat_message";
            var room = frame.GetProperty("room").GetString()!;
            if (!seen.TryGetValue(room, out var of))
                seen[room] = of = [];
            of.Add((frame.GetProperty("seq").GetInt64(), kind));
        }

        return seen;
    }

    private sealed class OwnLog(IFollowedLog log) : IFollowedLog
    {
        public bool IsShared => false;

        public Task<LogPosition> ReadAsync(LogSelection selection, LogVisitor visit) => log.ReadAsync(selection, visit);

        public Task<long> FindEndAsync() => log.FindEndAsync();

        public Task<long> FindPositionAsync(string follower) => log.FindPositionAsync(follower);

        public Task KeepPositionAsync(string follower, long position) => log.KeepPositionAsync(follower, position);
    }
}
