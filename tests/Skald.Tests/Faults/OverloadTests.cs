using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>P-23, P-25, P-30: readers that do not read, senders that do not stop, and everybody at once.</summary>
public sealed class OverloadTests
{
    private const string Room = "global";

    /// <summary>
    /// A server that waits for one client lets the others wait for 10 s, its limit for a stalled write; a busy machine does not.
    /// </summary>
    private static readonly TimeSpan Unaffected = TimeSpan.FromSeconds(5);

    /// <summary>Many times what the limits let it go on for.</summary>
    private static readonly TimeSpan LongestFlood = TimeSpan.FromSeconds(5);

    private const int MostTries = 3;

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
        var (closed, _) =
            await StopReadingAsync([("Limits:MessagesBehind", "0"), ("Limits:BytesBehind", "0"), ("Limits:WriteStall", "01:00:00")]);

        Assert.False(closed, "Something else than the limit closes it.");
    }

    [Fact]
    [Attack("A-11")]
    public async Task Flooding_client_is_closed_and_others_are_answered()
    {
        // Until it is closed: on a busy machine the flood itself has breaks, and each of them begins the time anew.
        var (closedWith, slowest) = await FloodAsync(Deadline.Default, ("Limits:FloodTime", "00:00:01"));

        Assert.Equal(4029, closedWith);
        Assert.True(slowest < Unaffected, "A normal client waits because of one that floods.");
    }

    [Fact]
    public async Task Without_a_rate_the_flooding_client_goes_on()
    {
        var (closedWith, _) = await FloodAsync(
            LongestFlood, ("Limits:CommandsPerConnection", "0"), ("Limits:MessagesPerUser", "0"), ("Limits:MessagesPerRoom", "0"));

        Assert.Equal(0, closedWith);
    }

    [Fact]
    public async Task Everybody_is_back_and_has_everything_after_all_connections_are_lost_at_once()
    {
        var (violations, time) = await LoseAllAsync(Seed.Count(500, 5_000), client => client.JoinAsync(Room));

        Checker.AssertNone(violations);
        Assert.True(time < TimeSpan.FromSeconds(30), $"It took {time} until everybody had everything.");
    }

    [Fact]
    public async Task Clients_that_come_back_without_their_position_turn_the_checker_red()
    {
        var (violations, _) = await LoseAllAsync(50, client => client.JoinAsync(Room, since: null));

        Assert.Contains(violations, v => v is { Promise: "P-11", Kind: "gap" });
    }

    /// <param name="longest">How long it floods, unless it is closed.</param>
    /// <param name="settings">Beyond the ones that ship.</param>
    /// <returns>How the one that floods was closed, 0 for not at all; and the longest that a normal client waited.</returns>
    private static async Task<(int ClosedWith, TimeSpan Slowest)> FloodAsync(TimeSpan longest, params (string, string)[] settings)
    {
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true"), ("Limits:RegisterBurst", "20"), .. settings]);
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
            for (var n = 0; !flood.Ended.IsCompleted && TimeProvider.System.GetElapsedTime(started) < longest; n++)
                await flood.SendAsync(Room, $"flood-{n:d8}");
        });
        var slowest = TimeSpan.Zero;
        for (var n = 0; n < 10; n++)
        {
            var sent = TimeProvider.System.GetTimestamp();
            Assert.True(await healthy.SendAsync(Room, $"normal-{n:d8}"));
            slowest = TimeSpan.FromTicks(Math.Max(slowest.Ticks, TimeProvider.System.GetElapsedTime(sent).Ticks));
        }

        await flooding.WaitAsync(longest + Deadline.Default);
        Assert.All(healthy.Log.Take().OfType<Refused>(), refused => Assert.Fail($"A normal client was refused: {refused}"));
        var history = await HistoryReader.ReadAsync(server.Http, ann.Access, Room);
        await healthy.UntilAsync(Room, history.Messages.Count);
        healthy.Stay(Room);
        checker.AssertHolds(history);
        return (flood.ClosedWith, slowest);
    }

    /// <summary>Resets all connections at once, while messages go on coming.</summary>
    /// <remarks>
    /// No proxy does it: its two sockets for each client, and those the server still has to let go, would be more than 20,000
    /// descriptors.
    /// </remarks>
    /// <returns>What the checker found, and the time until everybody was back and had everything.</returns>
    private static async Task<(IReadOnlyList<Violation> Violations, TimeSpan Time)> LoseAllAsync(
        int count, Func<LoggedClient, Task> comeBack)
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        var address = server.SocketAddress($"/ws/?token={ann.Access}");
        var checker = new Checker();
        using var publisher = new LoggedClient(checker.NewClient("publisher"));
        await publisher.ConnectAsync(address);
        var clients = Enumerable.Range(0, count).Select(n => new LoggedClient(checker.NewClient($"client {n}"))).ToArray();
        foreach (var client in clients)
        {
            await client.ConnectAsync(address);
            await client.JoinAsync(Room);
        }

        var last = 0;
        for (; last < 20; last++)
            Assert.True(await publisher.SendAsync(Room, $"before-{last:d8}"));

        var lost = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(clients.Select(client => client.CutAsync()));
        // One message that nobody can be there for.
        Assert.True(await publisher.SendAsync(Room, $"away-{last++:d8}"));
        var back = Task.WhenAll(clients.Select(client => TryUntilBackAsync(client, address, comeBack)));
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

        var time = TimeProvider.System.GetElapsedTime(lost);
        foreach (var client in clients)
            client.Dispose();
        return (checker.Check(history), time);
    }

    /// <summary>As clients do: one whose turn does not come tries again. How long all of it may take is for the test to say.</summary>
    private static async Task TryUntilBackAsync(LoggedClient client, Uri address, Func<LoggedClient, Task> comeBack)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await client.ConnectAsync(address);
                await comeBack(client);
                return;
            }
            catch (Exception e) when (tries < MostTries && e is IOException or OperationCanceledException or TimeoutException)
            {
            }
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
