using System.Diagnostics;
using System.Globalization;
using Skald.Server.Cluster;
using Skald.Tests.Harness;

namespace Skald.Tests.Cluster;

/// <summary>
/// Three processes on one database: what is said at one is read at the others, whatever happens to the bus and to a node.
/// </summary>
public sealed class NodeProcessTests : IAsyncLifetime
{
    private const int Nodes = 3;

    /// <summary>A look is due each second, and may have begun a moment too early; the rest is what a busy machine takes.</summary>
    private static readonly TimeSpan ByLooks = TimeSpan.FromSeconds(3);

    private readonly List<SkaldProcess> _nodes = [];
    private readonly List<string> _directories = [];
    private readonly List<ChatSocket> _sockets = [];
    private string _database = "";

    public async ValueTask InitializeAsync() => _database = await SharedPostgres.RentAsync();

    [Theory]
    [InlineData(ClusterOptions.Postgres)]
    [InlineData(ClusterOptions.ByRedis)]
    public async Task Message_is_read_on_all_nodes_long_before_they_look_and_so_is_a_signal(string bus)
    {
        await using var redis = await RedisServer.StartAsync();
        await StartAsync(BusSettings(bus, redis));
        var sockets = await JoinAsync();
        // Each node says that its own way works by what comes back to it; the first message may come too early for that.
        var times = new List<TimeSpan>();
        for (var n = 0; n < 20; n++)
            times.Add(await SayAsync(sockets[n % Nodes], sockets, $"message {n}"));

        times.Sort();
        // By looks alone the middle one is some 500 ms: the test of the bus that is away is the control.
        Assert.InRange(times[times.Count / 2], TimeSpan.Zero, TimeSpan.FromMilliseconds(250));
        await sockets[0].SendAsync(new { type = "signal", room = "global", @event = "typing", data = new { n = 1 } });
        foreach (var socket in sockets)
            Assert.Equal("typing", (await socket.SkipToAsync("signal")).GetProperty("event").GetString());
    }

    [Fact]
    public async Task Message_is_read_on_all_nodes_when_they_look_while_the_bus_is_away()
    {
        await using var redis = RedisServer.NotStarted();
        await StartAsync(BusSettings(ClusterOptions.ByRedis, redis));
        var sockets = await JoinAsync();

        var times = new List<TimeSpan>();
        for (var n = 0; n < 12; n++)
        {
            // Else each send would come right after a look, since the one before was waited for.
            await Task.Delay(TimeSpan.FromMilliseconds(83 * n), Deadline.Token());
            times.Add(await SayAsync(sockets[n % Nodes], sockets, $"message {n}"));
        }

        times.Sort();
        Assert.InRange(times[^1], TimeSpan.Zero, ByLooks);
        Assert.True(times[times.Count / 2] > TimeSpan.FromMilliseconds(250), "It comes as fast without a bus: the bus is not measured.");
    }

    [Fact]
    public async Task Node_that_is_killed_holds_up_no_other_and_takes_nothing_with_it_that_it_has_acknowledged()
    {
        await StartAsync([]);
        var sockets = await JoinAsync();
        var acked = new List<string>();
        // The killed one is in the middle of it: who sends knows only of what was acknowledged.
        var sending = SendUntilItEndsAsync(sockets[0], acked);
        await Deadline.UntilAsync(() => Count(acked) >= 50, "it is in the middle of it");
        await _nodes[0].KillAsync();
        await sending;

        var took = await SayAsync(sockets[1], [sockets[1], sockets[2]], "after");
        Assert.InRange(took, TimeSpan.Zero, ByLooks);

        var again = await StartOneAsync([]);
        var history = await HistoryAsync(again, await again.SignInAsync("ann"));
        Assert.Equal(acked, history.Where(acked.Contains));
        Assert.Equal("after", history[^1]);
        Assert.Equal(history.Count, history.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task Node_that_stands_still_holds_up_no_other_and_has_everything_when_it_goes_on()
    {
        const int Meanwhile = 20;
        await StartAsync([]);
        var sockets = await JoinAsync();
        var acked = new List<string>();
        var sending = SendUntilItEndsAsync(sockets[0], acked, most: 2_000);
        await Deadline.UntilAsync(() => Count(acked) >= 50, "it is in the middle of it");
        await _nodes[0].FreezeAsync();

        for (var n = 0; n < Meanwhile; n++)
            Assert.InRange(await SayAsync(sockets[1], [sockets[1], sockets[2]], $"meanwhile {n}"), TimeSpan.Zero, ByLooks);
        _nodes[0].Thaw();
        await sending;

        // Its readers receive all of it once and in order: the numbers have no hole.
        await sockets[2].SayAsync("global", "after");
        var late = await ReadUntilAsync(await JoinAsync(_nodes[0], since: 0), "after");
        Assert.Equal(Enumerable.Range(1, late.Count), late.Select(message => (int)message.Seq));
        Assert.Equal(acked, late.Select(message => message.Text).Where(acked.Contains));
        Assert.Equal(Meanwhile, late.Count(message => message.Text.StartsWith("meanwhile", StringComparison.Ordinal)));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var socket in _sockets)
            await socket.DisposeAsync();
        foreach (var node in _nodes)
            await node.DisposeAsync();
        await SharedPostgres.ReturnAsync(_database);
        foreach (var directory in _directories)
            Directory.Delete(directory, recursive: true);
    }

    private static (string Key, string Value)[] BusSettings(string bus, RedisServer redis) => bus == ClusterOptions.ByRedis
        ? [(ClusterOptions.BusSetting, bus), (ClusterOptions.RedisSetting, redis.ConnectionString)]
        : [(ClusterOptions.BusSetting, bus)];

    private async Task StartAsync((string Key, string Value)[] settings)
    {
        await StartOneAsync(settings);
        await Task.WhenAll(StartOneAsync(settings), StartOneAsync(settings));
    }

    private async Task<SkaldProcess> StartOneAsync((string Key, string Value)[] settings)
    {
        var directory = TestData.NewDirectory();
        // Three start at once: PostgreSQL may take longer than the 2 s that a server allows to accept them all.
        var database = $"{(await SharedPostgres.GetAsync()).ConnectionString(_database)};Timeout=15";
        var node = await SkaldProcess.StartAsync(directory, [.. TestCluster.Settings(database), .. settings], []);
        lock (_nodes)
        {
            _nodes.Add(node);
            _directories.Add(directory);
        }

        return node;
    }

    /// <returns>A socket on each node, in the room.</returns>
    private async Task<ChatSocket[]> JoinAsync()
    {
        var sockets = new List<ChatSocket>();
        foreach (var node in _nodes)
            sockets.Add(await JoinAsync(node, since: null));
        return [.. sockets];
    }

    private async Task<ChatSocket> JoinAsync(SkaldProcess node, long? since)
    {
        var socket = await ChatSocket.OpenAsync(node.SocketAddress($"/ws/?token={await node.SignInAsync("ann")}"));
        _sockets.Add(socket);
        await socket.ExpectAsync("ready");
        await socket.JoinAsync("global", since);
        return socket;
    }

    /// <returns>From the send until all of them have read it, with whatever came before it.</returns>
    private static async Task<TimeSpan> SayAsync(ChatSocket sender, ChatSocket[] readers, string text)
    {
        var sent = Stopwatch.GetTimestamp();
        await sender.SayAsync("global", text);
        await Task.WhenAll(readers.Select(reader => ReadUntilAsync(reader, text)));
        return Stopwatch.GetElapsedTime(sent);
    }

    private static async Task<List<(long Seq, string Text)>> ReadUntilAsync(ChatSocket reader, string text)
    {
        var read = new List<(long, string)>();
        while (true)
        {
            var message = await reader.SkipToAsync("chat_message");
            var one = message.GetProperty("message").GetString()!;
            read.Add((message.GetProperty("seq").GetInt64(), one));
            if (one == text)
                return read;
        }
    }

    /// <summary>Sends one after the other, each when the one before is acknowledged.</summary>
    private static async Task SendUntilItEndsAsync(ChatSocket socket, List<string> acked, int most = int.MaxValue)
    {
        for (var n = 0; n < most; n++)
        {
            var text = string.Create(CultureInfo.InvariantCulture, $"of the first {n}");
            try
            {
                await socket.SayAsync("global", text);
                await socket.SkipToAsync("ack");
            }
            catch (Exception e) when (e is System.Net.WebSockets.WebSocketException or Xunit.Sdk.XunitException)
            {
                return;   // its node has ended
            }

            lock (acked)
                acked.Add(text);
        }
    }

    private static int Count(List<string> acked)
    {
        lock (acked)
            return acked.Count;
    }

    private static async Task<List<string>> HistoryAsync(SkaldProcess node, string access) =>
        [.. (await HistoryReader.ReadAsync(node.Http, access, "global")).Messages.Select(message => message.Text)];
}
