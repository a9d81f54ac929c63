using Microsoft.Extensions.DependencyInjection;
using Skald.Server.History;
using Skald.Server.Storage.Sqlite;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>P-9 and P-10: answers get lost, clients send again, and each message is stored once.</summary>
public sealed class IdempotencyTests
{
    private static readonly int Senders = 8;

    [Fact]
    [Attack("A-51")]
    public async Task Message_whose_answer_was_lost_is_stored_once_however_often_it_is_sent()
    {
        var (violations, acks) =
            await LoseAnswersAsync(Seed.Next(nameof(Message_whose_answer_was_lost_is_stored_once_however_often_it_is_sent)));

        Checker.AssertNone(violations);
        // Or no answer was ever lost after its message was stored, and nothing was tried.
        Assert.Contains(acks, ack => ack.Duplicate);
    }

    [Fact]
    public async Task Without_deduplication_the_checker_goes_red()
    {
        var (violations, _) = await LoseAnswersAsync(
            Seed.Next(nameof(Without_deduplication_the_checker_goes_red)),
            services =>
                services.AddSingleton<IMessageStore>(s => new ForgetsNamesStore(ActivatorUtilities.CreateInstance<SqliteMessageStore>(s))));

        Assert.Contains(violations, v => v is { Promise: "P-9", Kind: "stored twice" });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Attack("A-51")]
    public async Task Fifty_equal_sends_at_once_are_one_message(bool directSocket)
    {
        await using var server = await SkaldServer.StartAsync([("Connections:DirectSocket", directSocket.ToString())]);
        var ann = await server.RegisterAsync("ann");
        var checker = new Checker();
        // One user, many sockets: to the checker they are one client.
        var log = checker.NewClient("ann");
        var clients = Enumerable.Range(0, 50).Select(_ => new LoggedClient(new ClientLog("one of ann's"))).ToArray();
        await Task.WhenAll(clients.Select(client => client.ConnectAsync(server.SocketAddress($"/ws/?token={ann.Access}"))));

        await Task.WhenAll(clients.Select(client => client.SendAsync("global", "the-same-thing")));

        foreach (var what in clients.SelectMany(client => client.Log.Take()))
            log.Add(what);
        var history = await HistoryReader.ReadAsync(server.Http, ann.Access, "global");
        Assert.Single(history.Messages);
        Assert.Single(log.Take().OfType<Acked>(), ack => !ack.Duplicate);
        checker.AssertHolds(history);
        foreach (var client in clients)
            client.Dispose();
    }

    /// <summary>Three of ten requests go out and their answers never come back.</summary>
    private static async Task<(IReadOnlyList<Violation> Violations, IReadOnlyList<Acked> Acks)> LoseAnswersAsync(
        int seed, Action<IServiceCollection>? weaken = null)
    {
        await using var server = await SkaldServer.StartAsync(configure: weaken);
        await using var proxy = new FaultProxy(server.Address, seed);
        var ann = await server.RegisterAsync("ann");
        var address = proxy.Through(server.SocketAddress($"/ws/?token={ann.Access}"));
        var checker = new Checker();
        using var reader = new LoggedClient(checker.NewClient("reader"));
        await reader.ConnectAsync(server.SocketAddress($"/ws/?token={ann.Access}"));
        await reader.JoinAsync("global");

        var logs = Enumerable.Range(0, Senders).Select(n => checker.NewClient($"sender {n}")).ToArray();
        await Task.WhenAll(logs.Select((log, n) => SendAllAsync(log, address, proxy, new Random(seed + n))));

        var history = await HistoryReader.ReadAsync(server.Http, ann.Access, "global");
        await reader.UntilAsync("global", history.Messages.Count);
        reader.Stay("global");
        return (checker.Check(history), [.. logs.SelectMany(log => log.Take()).OfType<Acked>()]);
    }

    private static async Task SendAllAsync(ClientLog log, Uri address, FaultProxy proxy, Random random)
    {
        using var client = new LoggedClient(log);
        await client.ConnectAsync(address);
        for (var i = 0; i < Seed.Count(60, 1_000); i++)
        {
            do
            {
                if (client.Ended.IsCompleted)
                    await client.ConnectAsync(address);
                if (random.Next(10) < 3)
                    proxy.LinkOf(client.Port).CutAfterNextRequest(reset: random.Next(2) == 0);
            }
            while (!await client.SendAsync("global", $"{log.Name.Replace(' ', '-')}-{i}"));
        }
    }
}
