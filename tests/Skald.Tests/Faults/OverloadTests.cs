using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>P-23, P-25, P-30: readers that do not read, senders that do not stop, and everybody at once.</summary>
public sealed class OverloadTests
{
    private const string Room = "global";

    /// <summary>A server that waits for one client lets the others wait for 10 s, its limit for a stalled write; a busy machine does not.</summary>
    private static readonly TimeSpan Unaffected = TimeSpan.FromSeconds(5);

    /// <summary>More than the kernel keeps for a socket, whatever it grows to, and the server's own limit on top.</summary>
    private const int Messages = 1_600, Length = 3_900;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Reader_that_does_not_read_is_closed_resumes_and_delays_nobody(bool directSocket)
    {
        var (closed, slowest) = await StopReadingAsync([("Connections:DirectSocket", directSocket.ToString())]);

        Assert.True(closed, "It may fall behind without end.");
        Assert.True(slowest < Unaffected, $"A send waited {slowest} because of somebody who does not read.");
    }

    [Fact]
    public async Task Without_a_limit_nobody_is_closed()
    {
        var (closed, _) = await StopReadingAsync([("Limits:MessagesBehind", "0"), ("Limits:BytesBehind", "0"), ("Limits:WriteStall", "01:00:00")]);

        Assert.False(closed, "Something else than the limit closes it.");
    }

    [Fact]
    public async Task Flooding_client_is_closed_and_others_are_answered()
    {
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true"), ("Limits:FloodTime", "00:00:01"), ("Limits:RegisterBurst", "20")]);
        var mallory = await server.RegisterAsync("mallory");
        var ann = await server.RegisterAsync("ann");
        var checker = new Checker();
        using var healthy = new LoggedClient(checker.NewClient("ann"));
        await healthy.ConnectAsync(server.SocketAddress($"/ws/?token={ann.Access}"));
        await healthy.JoinAsync(Room);
        using var flood = new LoggedClient(checker.NewClient("mallory"));
        await flood.ConnectAsync(server.SocketAddress($"/ws/?token={mallory.Access}"));

        var started = TimeProvider.System.GetTimestamp();
        var flooding = Task.Run(async () =>
        {
            for (var n = 0; !flood.Ended.IsCompleted && TimeProvider.System.GetElapsedTime(started) < Deadline.Default; n++)
                await flood.SendAsync(Room, $"flood-{n:d8}");
        });
        for (var n = 0; n < 10; n++)
        {
            var sent = TimeProvider.System.GetTimestamp();
            Assert.True(await healthy.SendAsync(Room, $"normal-{n:d8}"));
            Assert.True(TimeProvider.System.GetElapsedTime(sent) < Unaffected, "A normal client waits because of one that floods.");
        }

        await flooding.Within();
        Assert.Equal(4029, flood.ClosedWith);
        Assert.All(healthy.Log.Take().OfType<Refused>(), refused => Assert.Fail($"A normal client was refused: {refused}"));
        var history = await HistoryReader.ReadAsync(server.Http, ann.Access, Room);
        await healthy.UntilAsync(Room, history.Messages.Count);
        healthy.Stay(Room);
        checker.AssertHolds(history);
    }

    [Fact]
    public async Task Everybody_is_back_and_has_everything_after_all_connections_are_lost_at_once()
    {
        var seed = Seed.Next(nameof(Everybody_is_back_and_has_everything_after_all_connections_are_lost_at_once));
        await using var server = await SkaldServer.StartAsync();
        await using var proxy = new FaultProxy(server.Address, seed);
        var ann = await server.RegisterAsync("ann");
        var address = server.SocketAddress($"/ws/?token={ann.Access}");
        var checker = new Checker();
        using var publisher = new LoggedClient(checker.NewClient("publisher"));
        await publisher.ConnectAsync(address);
        var clients = Enumerable.Range(0, Seed.Count(500, 5_000)).Select(n => new LoggedClient(checker.NewClient($"client {n}"))).ToArray();
        foreach (var client in clients)
            await ComeBackAsync(client);
        var last = 0;
        for (; last < 20; last++)
            Assert.True(await publisher.SendAsync(Room, $"before-{last:d8}"));

        proxy.CutAll(reset: true);
        var lost = TimeProvider.System.GetTimestamp();
        var back = Task.WhenAll(clients.Select(ComeBackAsync));
        // It goes on while they come back.
        while (!back.IsCompleted || last < 40)
            Assert.True(await publisher.SendAsync(Room, $"after-{last++:d8}"));
        await back;

        var history = await HistoryReader.ReadAsync(server.Http, ann.Access, Room);
        foreach (var client in clients)
        {
            await client.UntilAsync(Room, history.Messages.Count);
            client.Stay(Room);
        }

        Assert.True(TimeProvider.System.GetElapsedTime(lost) < TimeSpan.FromSeconds(30), "It takes more than 30 s until everybody has everything.");
        checker.AssertHolds(history);
        foreach (var client in clients)
            client.Dispose();

        async Task ComeBackAsync(LoggedClient client)
        {
            await client.Ended;
            await client.ConnectAsync(proxy.Through(address));
            await client.JoinAsync(Room);
        }
    }

    /// <returns>Whether the reader that did not read has been closed; and the longest that a send took meanwhile.</returns>
    private static async Task<(bool Closed, TimeSpan Slowest)> StopReadingAsync((string, string)[] settings)
    {
        await using var server = await SkaldServer.StartAsync(settings);
        var ann = await server.RegisterAsync("ann");
        var address = server.SocketAddress($"/ws/?token={ann.Access}");
        var checker = new Checker();
        using var publisher = new LoggedClient(checker.NewClient("publisher"));
        await publisher.ConnectAsync(address);
        using var healthy = new LoggedClient(checker.NewClient("healthy"));
        await healthy.ConnectAsync(address);
        await healthy.JoinAsync(Room);
        using var slow = new LoggedClient(checker.NewClient("slow"));
        await slow.ConnectAsync(address, receiveBuffer: 4 * 1024);
        await slow.JoinAsync(Room);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        slow.Gate = gate.Task;

        var slowest = TimeSpan.Zero;
        for (var n = 0; n < Messages; n++)
        {
            var started = TimeProvider.System.GetTimestamp();
            Assert.True(await publisher.SendAsync(Room, $"message-{n:d8}", padding: Length));
            var took = TimeProvider.System.GetElapsedTime(started);
            slowest = took > slowest ? took : slowest;
        }

        Assert.Equal(Messages, publisher.Log.Take().OfType<Acked>().Count());
        await healthy.UntilAsync(Room, Messages);
        gate.SetResult();
        await slow.UntilAsync(Room, Messages);
        var closed = slow.Ended.IsCompleted;
        if (closed)
        {
            // It is told why if it reads that within 2 s; else it is cut off.
            Assert.Contains(slow.ClosedWith, new[] { 4008, 0 });
            await slow.ConnectAsync(address);
            await slow.JoinAsync(Room);
        }

        await slow.UntilAsync(Room, Messages);
        slow.Stay(Room);
        healthy.Stay(Room);
        checker.AssertHolds(await HistoryReader.ReadAsync(server.Http, ann.Access, Room));
        return (closed, slowest);
    }
}
