using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>P-11 and P-13: readers whose connections are cut again and again while others go on talking.</summary>
[BothEngines]
public sealed class ResumeTests
{
    private const string Room = "busy";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Reader_whose_connection_is_cut_again_and_again_misses_nothing_and_gets_nothing_twice(bool directSocket)
    {
        var violations = await CutAsync(
            Seed.Next(nameof(Reader_whose_connection_is_cut_again_and_again_misses_nothing_and_gets_nothing_twice)),
            directSocket,
            (reader, _, _) => reader.JoinAsync(Room));

        Checker.AssertNone(violations);
    }

    [Fact]
    public async Task Reader_that_reads_first_and_joins_later_turns_the_checker_red()
    {
        var violations = await CutAsync(
            Seed.Next(nameof(Reader_that_reads_first_and_joins_later_turns_the_checker_red)),
            directSocket: true,
            (reader, server, access) =>
                reader.Cursor(Room) == 0 ? reader.JoinAsync(Room) : reader.ReadThenJoinAsync(Room, server.Http, access));

        Assert.Contains(violations, v => v is { Promise: "P-11", Kind: "gap" });
    }

    private static async Task<IReadOnlyList<Violation>> CutAsync(
        int seed, bool directSocket, Func<LoggedClient, SkaldServer, string, Task> comeBack)
    {
        await using var server = await SkaldServer.StartAsync([("Connections:DirectSocket", directSocket.ToString())]);
        await using var proxy = new FaultProxy(server.Address, seed);
        proxy.Down.Jitter = TimeSpan.FromMilliseconds(2);
        var ann = await server.RegisterAsync("ann");
        var direct = server.SocketAddress($"/ws/?token={ann.Access}");
        var checker = new Checker();
        using var publisher = new LoggedClient(checker.NewClient("publisher"));
        await publisher.ConnectAsync(direct);
        await publisher.JoinAsync(Room);

        var readers = Enumerable.Range(0, Seed.Count(20, 200)).Select(n => new LoggedClient(checker.NewClient($"reader {n}"))).ToArray();
        var cutting = Task.WhenAll(readers.Select((reader, n) =>
            CutAgainAndAgainAsync(reader, proxy, proxy.Through(direct), new Random(seed + n), () => comeBack(reader, server, ann.Access))));
        var last = 0;
        while (!cutting.IsCompleted)
        {
            // As fast as a reader without trouble can read.
            Assert.True(await publisher.SendAsync(Room, $"message-{++last}"));
            await publisher.UntilAsync(Room, last);
        }

        await cutting;
        var history = await HistoryReader.ReadAsync(server.Http, ann.Access, Room);
        foreach (var reader in readers)
        {
            await reader.UntilAsync(Room, history.Messages.Count);
            reader.Stay(Room);
        }

        var violations = checker.Check(history);
        foreach (var reader in readers)
            reader.Dispose();
        return violations;
    }

    /// <summary>Comes back, reads a little, loses its connection in one of the ways there are; and stays after the last time.</summary>
    private static async Task CutAgainAndAgainAsync(LoggedClient reader, FaultProxy proxy, Uri address, Random random, Func<Task> comeBack)
    {
        var left = Seed.Count(20, 300);
        while (true)
        {
            try
            {
                await reader.ConnectAsync(address);
                await comeBack();
            }
            catch (IOException)
            {
                // Cut while it came back: so it comes back again.
                continue;
            }

            if (left-- == 0)
                return;
            await reader.UntilAsync(Room, reader.Cursor(Room) + random.Next(4));
            switch (random.Next(3))
            {
                case 0:
                    await reader.CutAsync();
                    break;
                case 1:
                    proxy.LinkOf(reader.Port).Cut(reset: true);
                    break;
                case 2:
                    proxy.LinkOf(reader.Port).Cut(reset: false);
                    break;
            }
        }
    }
}
