using System.Globalization;
using Microsoft.Data.Sqlite;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>P-33: an hour of everything at once, and a look at whether the server grows. Run by tests/soak.sh.</summary>
public sealed class SoakTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromMinutes(Number("SKALD_SOAK_MINUTES", 60));

    private static readonly int Clients = Number("SKALD_SOAK_CLIENTS", 500);

    private static readonly TimeSpan
        BetweenFaults = TimeSpan.FromSeconds(Math.Min(120, Duration.TotalSeconds / 5)),
        BetweenSamples = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Growth in ten minutes, as a part of the whole. A run that is shorter than half an hour cannot tell so little from chance.
    /// </summary>
    private const double MostGrowth = 0.01;

    private static readonly TimeSpan LongEnoughToTell = TimeSpan.FromMinutes(30);

    [Fact(Explicit = true)]
    public async Task Server_does_not_grow()
    {
        var seed = Seed.Next(nameof(Server_does_not_grow));
        var random = new Random(seed);
        using var data = new TestDirectory();
        await using var server = await WeakHost.StartAsync(data.Path, WeakHost.Nothing);
        await using var proxy = new FaultProxy(server.Http.BaseAddress!, seed);
        var checker = new Checker();
        using var crowd = new Crowd(server, proxy, checker);
        using var end = new CancellationTokenSource(Duration);
        var living = Task.WhenAll(Enumerable.Range(0, Clients).Select(n => crowd.LiveAsync(n, new Random(seed + n), end.Token)));
        var samples = new List<Sample>();
        var started = TimeProvider.System.GetTimestamp();
        var (nextFault, fault) = (BetweenFaults, Task.CompletedTask);
        while (!end.IsCancellationRequested)
        {
            await Task.Delay(BetweenSamples, TimeProvider.System, end.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            if (end.IsCancellationRequested)
                break;
            var time = TimeProvider.System.GetElapsedTime(started);
            samples.Add(Sample.Take(server, time, crowd));
            Console.WriteLine(samples[^1]);
            if (time < nextFault || !fault.IsCompleted)
                continue;
            nextFault += BetweenFaults;
            var (name, make) = Faults[random.Next(Faults.Length)];
            Console.WriteLine($"    fault: {name}");
            fault = make(proxy, data);
        }

        await fault;
        await living;
        var violations = await crowd.JudgeAsync();
        // Compared is like with like: after the first quarter, with everybody there, and nothing left of a fault.
        var steady =
            samples.Where(sample => sample.Time > Duration / 4 && sample.Connected > 0.98 * Clients && sample.Sockets < 1.05 * Clients)
            .ToArray();
        Console.WriteLine(
            "    growth in 10 min: " + string.Join(", ",
                Measures.Select(measure => string.Create(CultureInfo.InvariantCulture,
                    $"{measure.Name} {Growth(steady, measure.Of):p2}"))));
        Checker.AssertNone(violations);
        Assert.Equal(0, samples[^1].Unobserved);
        if (Duration >= LongEnoughToTell)
            Assert.All(Measures, measure => Assert.True(Growth(steady, measure.Of) <= MostGrowth, $"{measure.Name} grows."));
    }

    private static readonly (string Name, Func<Sample, double> Of)[] Measures =
    [
        ("RSS", s => s.Memory), ("heap", s => s.Heap), ("handles", s => s.Handles), ("sockets", s => s.Sockets),
        ("threads", s => s.Threads),
    ];

    private static readonly (string Name, Func<FaultProxy, TestDirectory, Task> Make)[] Faults =
    [
        ("all connections are reset", (proxy, _) => Instantly(() => proxy.CutAll(reset: true))),
        ("all connections end", (proxy, _) => Instantly(() => proxy.CutAll(reset: false))),
        ("nothing reaches the server for 30 s", (proxy, _) => ForAsync(30, on => proxy.Up.Swallows = on)),
        ("nothing reaches the clients for 30 s", (proxy, _) => ForAsync(30, on => proxy.Down.Swallows = on)),
        ("the network is late for 20 s", (proxy, _) => ForAsync(20, on => proxy.Down.Jitter = TimeSpan.FromMilliseconds(on ? 300 : 0))),
        ("another program holds the database for 3 s", HoldAsync),
    ];

    private static Task Instantly(Action fault)
    {
        fault();
        return Task.CompletedTask;
    }

    private static async Task ForAsync(int seconds, Action<bool> set)
    {
        set(true);
        await Task.Delay(TimeSpan.FromSeconds(seconds), TimeProvider.System);
        set(false);
    }

    private static async Task HoldAsync(FaultProxy proxy, TestDirectory data)
    {
        await using var shell = data.Connect();
        await using var command = new SqliteCommand("BEGIN IMMEDIATE", shell) { CommandTimeout = 30 };
        await command.ExecuteNonQueryAsync();
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
        command.CommandText = "ROLLBACK";
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The slope of the straight line through the samples.</summary>
    private static double Growth(Sample[] samples, Func<Sample, double> of)
    {
        var (time, value) = (samples.Average(s => s.Time.TotalMinutes), samples.Average(of));
        var slope =
            samples.Sum(s => (s.Time.TotalMinutes - time) * (of(s) - value)) / samples.Sum(s => Math.Pow(s.Time.TotalMinutes - time, 2));
        return 10 * slope / value;
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : otherwise;

    private sealed record Sample(
        TimeSpan Time, long Memory, long Heap, int Unobserved, int Handles, int Sockets, long Threads, int Connected, long Sent)
    {
        public static Sample Take(SkaldProcess server, TimeSpan time, Crowd crowd)
        {
            var told = (server.LastLine(WeakHost.SampleLine) ?? "0 0").Split(' ');
            var (handles, sockets) = server.Handles;
            return new Sample(
                time, server.Memory, long.Parse(told[0], CultureInfo.InvariantCulture), int.Parse(told[1], CultureInfo.InvariantCulture),
                handles, sockets, server.Threads, crowd.Connected, crowd.Sent);
        }

        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"{Time:mm\\:ss} RSS {Memory / 1048576} MiB, heap {Heap / 1048576.0:f1} MiB, handles {Handles}, sockets {Sockets}, threads {Threads}, unobserved {Unobserved}, clients {Connected}, sent {Sent}");
    }

    /// <summary>Clients of ten rooms that come, read, write now and then, and go in every way there is.</summary>
    private sealed class Crowd(SkaldProcess server, FaultProxy proxy, Checker checker) : IDisposable
    {
        private const int Rooms = 10;

        private static readonly TimeSpan TokenLife = TimeSpan.FromMinutes(2);

        private readonly SemaphoreSlim _signingIn = new(1, 1);
        private (string Access, long At) _token;
        private int _connected;
        private long _sent;

        public int Connected => Volatile.Read(ref _connected);

        public long Sent => Interlocked.Read(ref _sent);

        public async Task LiveAsync(int n, Random random, CancellationToken end)
        {
            using var client = new LoggedClient(checker.NewClient($"client-{n}"));
            var room = $"room-{n % Rooms}";
            for (var next = 0; !end.IsCancellationRequested;)
            {
                var connected = 0;
                try
                {
                    await client.ConnectAsync(await AddressAsync());
                    await client.JoinAsync(room);
                    Interlocked.Add(ref _connected, connected = 1);
                    for (var left = random.Next(1, 12); left > 0 && !client.Ended.IsCompleted && !end.IsCancellationRequested; left--)
                    {
                        await Task.WhenAny(client.Ended, Task.Delay(TimeSpan.FromSeconds(random.Next(5, 15)), TimeProvider.System, end));
                        if (n < 2 * Rooms && await client.SendAsync(room, $"{client.Log.Name}-{next++}"))
                            Interlocked.Increment(ref _sent);
                    }

                    await client.CutAsync();
                }
                catch (Exception e) when (
                    e is IOException or TimeoutException or System.Net.Sockets.SocketException or OperationCanceledException)
                {
                    // Whatever happened on its way: it comes back in a while.
                    await Task.Delay(TimeSpan.FromSeconds(random.NextDouble() * 5), TimeProvider.System, CancellationToken.None);
                }
                finally
                {
                    Interlocked.Add(ref _connected, -connected);
                }
            }
        }

        public void Dispose() => _signingIn.Dispose();

        public async Task<IReadOnlyList<Violation>> JudgeAsync()
        {
            var access = await server.SignInAsync("ann");
            return checker.Check(
                await Task.WhenAll(Enumerable.Range(0, Rooms).Select(n => HistoryReader.ReadAsync(server.Http, access, $"room-{n}"))));
        }

        private async Task<Uri> AddressAsync()
        {
            await _signingIn.WaitAsync();
            try
            {
                if (_token.Access is null || TimeProvider.System.GetElapsedTime(_token.At) > TokenLife)
                    _token = (await server.SignInAsync("ann"), TimeProvider.System.GetTimestamp());
                return proxy.Through(server.SocketAddress($"/ws/?token={_token.Access}"));
            }
            finally
            {
                _signingIn.Release();
            }
        }
    }
}
