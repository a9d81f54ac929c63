using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Skald.Server.Connections;
using Skald.Server.Operations;
using Skald.Tests.Harness;

namespace Skald.Tests.Cluster;

/// <summary>The HAProxy and nginx of docs/cluster.md in front of three nodes.</summary>
public sealed class BalancerTests
{
    private const int Nodes = 3;

    [Theory]
    [InlineData(ReverseProxy.Haproxy)]
    [InlineData(ReverseProxy.Nginx)]
    public async Task Clients_go_on_where_they_were_whichever_node_is_stopped_killed_or_comes_back(string program)
    {
        await using var nodes = await Three.StartAsync();
        await using var proxy = await ReverseProxy.StartAsync(program, nodes.Addresses);
        var token = await nodes[0].SignInAsync("ann");
        var checker = new Checker();
        var address = new UriBuilder(new Uri(proxy.Address, $"ws/?token={token}")) { Scheme = "wss" }.Uri;
        var clients = Enumerable.Range(0, 3 * Nodes).Select(n => new Roaming(checker.NewClient($"client-{n}"), address)).ToArray();
        using var done = new CancellationTokenSource();
        var living = Task.WhenAll(clients.Select(client => client.LiveAsync(done.Token)));
        await GoOnAsync();
        for (var n = 0; n < Nodes; n++)
            Assert.InRange(await nodes.SocketsAsync(n), 1, clients.Length - (Nodes - 1));

        Assert.Equal(0, await nodes[0].StopAsync());
        await GoOnAsync();
        await nodes[1].KillAsync();
        await GoOnAsync();
        Assert.Equal(clients.Length, await nodes.SocketsAsync(2));

        await nodes.StartAgainAsync(0);
        await nodes.StartAgainAsync(1);
        var moved = 0;
        await Deadline.UntilAsync(
            async () =>
            {
                await clients[moved++ % clients.Length].MoveAsync();
                return await nodes.SocketsAsync(0) > 0 && await nodes.SocketsAsync(1) > 0;
            },
            "new sockets go to the nodes that are back");
        await nodes[2].KillAsync();
        await GoOnAsync();

        await done.CancelAsync();
        await living.Within();
        var history = await HistoryReader.ReadAsync(nodes[0].Http, token, Roaming.Room);
        foreach (var client in clients)
            await client.ReadToTheEndAsync(history.Messages.Count);
        checker.AssertHolds(history);
        foreach (var client in clients)
            client.Dispose();

        async Task GoOnAsync()
        {
            var before = clients.Select(client => client.Acks).ToArray();
            await Deadline.UntilAsync(
                () => clients.Zip(before).All(client => client.First.Acks > client.Second + 3), "everybody's messages are acknowledged");
        }
    }

    /// <remarks>HAProxy without its question, and nginx, which has none, are the control.</remarks>
    [Theory]
    [InlineData(ReverseProxy.Haproxy, null, true)]
    [InlineData(ReverseProxy.Haproxy, "option httpchk", false)]
    [InlineData(ReverseProxy.Nginx, null, false)]
    public async Task Node_that_is_not_ready_gets_no_socket_where_the_proxy_asks(string program, string? without, bool asks)
    {
        await using var cluster = await TestCluster.StartAsync(Nodes, settings: ("TrustedProxies", "127.0.0.1"));
        await using var proxy = await ReverseProxy.StartAsync(program, [.. cluster.Nodes.Select(node => node.Address)], without);
        var ann = await cluster[0].RegisterAsync("ann");
        var unready = cluster[1].Services.GetRequiredService<Readiness>();

        unready.Add(NotReadyReasons.Draining);
        if (asks)
            await UntilItGetsAsync(false);
        else
            await Task.Delay(TimeSpan.FromSeconds(5), Deadline.Token());   // more than two questions
        Assert.Equal(!asks, await GetsOneAsync());
        unready.TakeBack(NotReadyReasons.Draining);
        await UntilItGetsAsync(true);

        Task UntilItGetsAsync(bool wanted) =>
            Deadline.UntilAsync(async () => await GetsOneAsync() == wanted, $"{program} sends the node sockets: {wanted}");

        // As many as there are nodes are spread over all that get any.
        async Task<bool> GetsOneAsync()
        {
            var before = Sockets();
            var sockets = new List<ChatSocket>();
            try
            {
                for (var n = 0; n < Nodes; n++)
                {
                    sockets.Add(await ChatSocket.OpenAsync(
                        new UriBuilder(new Uri(proxy.Address, $"ws/?token={ann.Access}")) { Scheme = "wss" }.Uri));
                    await sockets[^1].ExpectAsync("ready");
                }

                return Sockets() > before;
            }
            finally
            {
                foreach (var socket in sockets)
                    await socket.DisposeAsync();
                await Deadline.UntilAsync(
                    () => cluster.Nodes.All(node => node.Services.GetRequiredService<Admission>().Count == 0), "they are gone");
            }
        }

        int Sockets() => cluster[1].Services.GetRequiredService<Admission>().Count;
    }

    [Theory]
    [InlineData(ReverseProxy.Haproxy)]
    [InlineData(ReverseProxy.Nginx)]
    public async Task Each_node_counts_the_client_and_not_the_proxy(string program)
    {
        await using var cluster = await TestCluster.StartAsync(
            Nodes,
            settings:
            [
                ("TrustedProxies", "127.0.0.1"), ("Limits:Enabled", "true"), ("Limits:RegisterBurst", "1"),
                ("Limits:RegistersPerAddressPerSecond", "0.001"),
            ]);
        await using var proxy = await ReverseProxy.StartAsync(program, [.. cluster.Nodes.Select(node => node.Address)]);

        // One address has its burst at each node; who has none of another's is let in at all of them.
        Assert.Equal(Nodes, await RegisteredAsync("one", _ => "10.1.0.1"));
        Assert.Equal(4 * Nodes, await RegisteredAsync("many", n => $"10.2.0.{n}"));

        async Task<int> RegisteredAsync(string name, Func<int, string> address)
        {
            var registered = 0;
            for (var n = 0; n < 4 * Nodes; n++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "/api/register/")
                {
                    Content = JsonContent.Create(new { username = $"{name}-{n}", password = "12345678" }),
                    Headers = { { "X-Forwarded-For", address(n) } },
                };
                using var answer = await proxy.Http.SendAsync(request);
                registered += answer.StatusCode == HttpStatusCode.Created ? 1 : 0;
            }

            return registered;
        }
    }

    [Theory]
    [InlineData(ReverseProxy.Haproxy, @"timeout (?:client|server|tunnel) +(\d+)s", 3)]
    [InlineData(ReverseProxy.Nginx, @"proxy_(?:read|send)_timeout (\d+)s", 2)]
    public void Silence_that_the_proxy_bears_is_longer_than_that_between_pings(string program, string timeout, int lines)
    {
        var seconds = Regex.Matches(ReverseProxy.Block(program), timeout)
            .Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)).ToArray();

        Assert.Equal(lines, seconds.Length);
        Assert.All(seconds, value => Assert.True(value >= 3 * new ConnectionLimits().PingInterval.TotalSeconds));
    }

    /// <summary>Three processes on one database, each at an address that it keeps.</summary>
    private sealed class Three : IAsyncDisposable
    {
        private readonly string _database;
        private readonly TestDirectory _files = new();
        private readonly SkaldProcess?[] _nodes = new SkaldProcess?[Nodes];
        private readonly int[] _ports = [.. Enumerable.Range(0, 2 * Nodes).Select(_ => FreePort.Find())];

        private Three(string database) => _database = database;

        public Uri[] Addresses => [.. _ports[..Nodes].Select(port => new Uri($"http://127.0.0.1:{port}"))];

        public SkaldProcess this[int index] => _nodes[index]!;

        public static async Task<Three> StartAsync()
        {
            var three = new Three(await SharedPostgres.RentAsync());
            for (var n = 0; n < Nodes; n++)
                await three.StartAgainAsync(n);
            return three;
        }

        public async Task StartAgainAsync(int node)
        {
            if (_nodes[node] is { } before)
                await before.DisposeAsync();
            var database = (await SharedPostgres.GetAsync()).ConnectionString(_database);
            _nodes[node] = await SkaldProcess.StartAsync(
                Path.Combine(_files.Path, $"node-{node}"),
                [
                    .. TestCluster.Settings(database), ("Urls", Addresses[node].AbsoluteUri), ("TrustedProxies", "127.0.0.1"),
                    ("Metrics:Listen", $"http://127.0.0.1:{_ports[Nodes + node]}"), ("Connections:DrainSpread", "0 s"),
                ],
                []);
        }

        public async Task<int> SocketsAsync(int node) => (int)Scrape.Parse(
            await _nodes[node]!.Http.GetStringAsync($"http://127.0.0.1:{_ports[Nodes + node]}/metrics"))["skald_connections"];

        public async ValueTask DisposeAsync()
        {
            foreach (var node in _nodes)
                await (node?.DisposeAsync() ?? ValueTask.CompletedTask);
            await SharedPostgres.ReturnAsync(_database);
            _files.Dispose();
        }
    }

    /// <summary>Sends one message after the other, reads everything, and comes back whenever its socket ends.</summary>
    private sealed class Roaming(ClientLog log, Uri address) : IDisposable
    {
        public const string Room = "global";

        private static readonly TimeSpan BetweenMessages = TimeSpan.FromMilliseconds(20), BetweenAttempts = TimeSpan.FromMilliseconds(100);

        private readonly LoggedClient _client = new(log);
        private int _acks;

        public int Acks => Volatile.Read(ref _acks);

        public async Task LiveAsync(CancellationToken until)
        {
            for (var n = 0; !until.IsCancellationRequested;)
            {
                if (_client.Ended.IsCompleted && !await TryComeAsync())
                {
                    await Task.Delay(BetweenAttempts, CancellationToken.None);
                    continue;
                }

                // What was not answered is sent again under its name.
                if (!await _client.SendAsync(Room, $"{log.Name}-{n:0000}"))
                    continue;
                n++;
                Interlocked.Increment(ref _acks);
                await Task.Delay(BetweenMessages, CancellationToken.None);
            }
        }

        /// <summary>Ends its socket, and waits for the next.</summary>
        public async Task MoveAsync()
        {
            var before = Acks;
            await _client.CutAsync();
            await Deadline.UntilAsync(() => Acks > before + 1, "it is back");
        }

        public async Task ReadToTheEndAsync(int messages)
        {
            await Deadline.UntilAsync(
                async () => !_client.Ended.IsCompleted || await TryComeAsync(), "it is there");
            await _client.UntilAsync(Room, messages);
            _client.Stay(Room);
        }

        public void Dispose() => _client.Dispose();

        private async Task<bool> TryComeAsync()
        {
            try
            {
                await _client.ConnectAsync(address);
                await _client.JoinAsync(Room);
                return true;
            }
            catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or ObjectDisposedException)
            {
                await _client.CutAsync();
                return false;
            }
        }
    }
}
