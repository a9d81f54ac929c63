using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>P-32: who is gone is found, and who is only silent is kept, also behind a proxy that cuts what is silent.</summary>
public sealed class DeadPeerTests
{
    /// <summary>One on each event loop: what they are answered after, their loop has read before.</summary>
    private static readonly int Talking = Environment.ProcessorCount;

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Hundred_clients_behind_a_black_hole_are_found_within_25_s()
    {
        await using var run = await SilentClients.StartAsync(nameof(Hundred_clients_behind_a_black_hole_are_found_within_25_s), count: 100);
        run.Proxy.Up.Swallows = true;

        for (var second = 0; second < 25; second++)
            await run.PassAsync(Second);

        await Deadline.UntilAsync(() => run.Server.Services.CountSockets() == Talking, "only those that are heard of are left");
        await run.AssertHealthyAsync();
    }

    [Fact]
    public async Task Without_the_timeout_they_are_never_found()
    {
        await using var run = await SilentClients.StartAsync(
            nameof(Without_the_timeout_they_are_never_found),
            count: 10,
            ("Limits:PingTimeout", "01:00:00"));
        run.Proxy.Up.Swallows = true;

        for (var second = 0; second < 60; second++)
            await run.PassAsync(Second);

        Assert.Equal(10 + Talking, run.Server.Services.CountSockets());
    }

    [Fact]
    public async Task Idle_client_behind_a_proxy_that_cuts_after_60_s_of_silence_stays()
    {
        await using var run = await SilentClients.StartAsync(
            nameof(Idle_client_behind_a_proxy_that_cuts_after_60_s_of_silence_stays),
            count: 10);

        Assert.Equal(0, await run.IdleAsync(TimeSpan.FromMinutes(10), pinged: true));
    }

    [Fact]
    public async Task Without_pings_the_proxy_cuts_it()
    {
        await using var run = await SilentClients.StartAsync(
            nameof(Without_pings_the_proxy_cuts_it),
            count: 10,
            ("Limits:PingInterval", "00:05:00"));

        Assert.Equal(10, await run.IdleAsync(TimeSpan.FromMinutes(2), pinged: false));
    }

    /// <summary>Clients behind a proxy that only answer pings, and some beside it that talk; in a time that the test moves.</summary>
    private sealed class SilentClients : IAsyncDisposable
    {
        private readonly FakeClock _clock = new();
        private LoggedClient[] _silent = [];
        private readonly List<ChatSocket> _talking = [];
        private int _id;

        public SkaldServer Server { get; private set; } = null!;

        public FaultProxy Proxy { get; private set; } = null!;

        public static async Task<SilentClients> StartAsync(string test, int count, params (string, string)[] settings)
        {
            var run = new SilentClients();
            run.Server = await SkaldServer.StartAsync(settings, run._clock);
            run.Proxy = new FaultProxy(run.Server.Address, Seed.Next(test), run._clock);
            var ann = await run.Server.RegisterAsync("ann");
            while (run._talking.Count < Talking)
                run._talking.Add(await ann.ConnectAsync());
            run._silent = [.. Enumerable.Range(0, count).Select(n => new LoggedClient(new ClientLog($"silent {n}")))];
            foreach (var client in run._silent)
                await client.ConnectAsync(run.Proxy.Through(run.Server.SocketAddress($"/ws/?token={ann.Access}")));
            return run;
        }

        /// <summary>Lets time pass, and the server see it.</summary>
        public async Task PassAsync(TimeSpan time)
        {
            _clock.Advance(time);
            await AssertHealthyAsync();
        }

        public async Task AssertHealthyAsync()
        {
            _id++;
            foreach (var socket in _talking)
                await socket.SendAsync(new { type = "ping", id = _id });
            foreach (var socket in _talking)
                Assert.Equal(_id, (await socket.ExpectAsync("pong")).GetProperty("re").GetInt32());
        }

        /// <param name="pinged">Whether the server is to ping them, each 15 s.</param>
        /// <returns>How many were cut, by the proxy or by the server.</returns>
        public async Task<int> IdleAsync(TimeSpan time, bool pinged)
        {
            var links = _silent.Select(client => (client.Port, Link: Proxy.LinkOf(client.Port)))
                .Select(c => (c.Port, c.Link, c.Link.Up, c.Link.Down)).ToArray();
            for (var passed = TimeSpan.Zero; passed < time; passed += Second)
            {
                // Whoever is to be pinged was, and has answered, before more time passes: the network here takes none.
                foreach (var (port, link, up, down) in links)
                {
                    await Deadline.UntilAsync(
                        () => !Proxy.Has(port) || !pinged || _clock.GetElapsedTime(link.PassedAt) < 18 * Second,
                        "each is pinged");
                    await Deadline.UntilAsync(() => !Proxy.Has(port) || link.Up - up >= link.Down - down, "each ping is answered");
                }

                await PassAsync(Second);
                Proxy.CutSilent(TimeSpan.FromSeconds(60));
                foreach (var client in _silent.Where(client => !Proxy.Has(client.Port)))
                    await client.Ended.Within();
            }

            return _silent.Count(client => client.Ended.IsCompleted);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var client in _silent)
                client.Dispose();
            foreach (var socket in _talking)
                await socket.DisposeAsync();
            await Proxy.DisposeAsync();
            await Server.DisposeAsync();
        }
    }
}
