using Microsoft.Extensions.DependencyInjection;
using Skald.Server.History;
using Skald.Server.Storage.Sqlite;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>
/// P-7, P-8: many senders and many readers of several rooms, over a network that is late, and each time by another while.
/// </summary>
public sealed class OrderTests
{
    private const int Senders = 32, Window = 16;

    private static readonly string[] Rooms = ["north", "east", "south", "west"];

    [Fact]
    public async Task Every_room_has_one_order_without_holes_and_each_sender_keeps_its_own()
    {
        var violations = await TalkAsync(nameof(Every_room_has_one_order_without_holes_and_each_sender_keeps_its_own), readers: 16);

        Checker.AssertNone(violations);
    }

    [Fact]
    public async Task Log_that_stores_a_batch_in_another_order_turns_the_checker_red()
    {
        var violations = await TalkAsync(
            nameof(Log_that_stores_a_batch_in_another_order_turns_the_checker_red), readers: 0,
            services =>
                services.AddSingleton<IMessageStore>(s => new BackwardsStore(ActivatorUtilities.CreateInstance<SqliteMessageStore>(s))));

        Assert.Contains(violations, v => v is { Promise: "P-8", Kind: "overtaken" });
    }

    private static async Task<IReadOnlyList<Violation>> TalkAsync(string test, int readers, Action<IServiceCollection>? weaken = null)
    {
        await using var server = await SkaldServer.StartAsync(configure: weaken);
        await using var proxy = new FaultProxy(server.Address, Seed.Next(test));
        var ann = await server.RegisterAsync("ann");
        var direct = server.SocketAddress($"/ws/?token={ann.Access}");
        var checker = new Checker();
        var reading = Enumerable.Range(0, readers).Select(n => new LoggedClient(checker.NewClient($"reader {n}"))).ToArray();
        foreach (var reader in reading)
        {
            await reader.ConnectAsync(proxy.Through(direct));
            foreach (var room in Rooms)
                await reader.JoinAsync(room);
        }

        (proxy.Down.Latency, proxy.Down.Jitter) = (TimeSpan.Zero, TimeSpan.FromMilliseconds(40));
        await Task.WhenAll(
            Enumerable.Range(0, Senders).Select(n => SendAsync(checker.NewClient($"sender-{n}"), direct, Seed.Count(60, 500))));

        var history = await Task.WhenAll(Rooms.Select(room => HistoryReader.ReadAsync(server.Http, ann.Access, room)));
        foreach (var reader in reading)
        {
            foreach (var room in history)
            {
                await reader.UntilAsync(room.Name, room.Messages.Count);
                reader.Stay(room.Name);
            }
        }

        var violations = checker.Check(history);
        foreach (var reader in reading)
            reader.Dispose();
        return violations;
    }

    /// <summary>Sends into all rooms in turn, with some under way.</summary>
    private static async Task SendAsync(ClientLog log, Uri address, int count)
    {
        using var client = new LoggedClient(log);
        await client.ConnectAsync(address);
        var underWay = new Queue<Task<bool>>();
        for (var n = 0; n < count; n++)
        {
            underWay.Enqueue(await client.BeginSendAsync(Rooms[n % Rooms.Length], $"{log.Name}-{n:d6}"));
            if (underWay.Count >= Window)
                Assert.True(await underWay.Dequeue().Within());
        }

        foreach (var last in underWay)
            Assert.True(await last.Within());
    }
}
