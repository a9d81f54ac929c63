using Microsoft.Data.Sqlite;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>
/// Senders at full speed, readers beside them, and a server that dies again and again: the procedure of every crash test.
/// </summary>
internal sealed class CrashRun : IAsyncDisposable
{
    private const string Room = "global";
    private const int Window = 8;

    private readonly Checker _checker = new();
    private readonly Random _random;
    private readonly Sender[] _senders;
    private readonly LoggedClient[] _readers;
    private readonly Func<Task<SkaldProcess>> _start;
    private SkaldProcess _server = null!;
    private string _access = "";

    /// <param name="start">Starts the server on its data.</param>
    /// <param name="senders">Clients that send.</param>
    /// <param name="readers">Clients that read.</param>
    public CrashRun(int seed, Func<Task<SkaldProcess>> start, int senders = 8, int readers = 4)
    {
        (_random, _start) = (new Random(seed), start);
        _senders = [.. Enumerable.Range(0, senders).Select(n => new Sender(new LoggedClient(_checker.NewClient($"sender-{n}"))))];
        _readers = [.. Enumerable.Range(0, readers).Select(n => new LoggedClient(_checker.NewClient($"reader-{n}")))];
    }

    /// <summary>From the start of the process until it is ready: the first time, when there is nothing to recover.</summary>
    public TimeSpan FirstStart { get; private set; }

    public TimeSpan SlowestStart { get; private set; }

    public int Acks => _senders.Sum(sender => sender.Acks);

    /// <summary>How everybody's last connection was closed; 0 where it was only lost.</summary>
    public IEnumerable<int> ClosedWith => Clients.Select(client => client.ClosedWith);

    /// <summary>What every reader was told when it came in for the last time.</summary>
    public IEnumerable<Joined> LastJoins => _readers.Select(reader => reader.Log.Take().OfType<Joined>().Last());

    private IEnumerable<LoggedClient> Clients => _readers.Concat(_senders.Select(sender => sender.Client));

    /// <summary>
    /// Everybody comes, or comes back; what is unknown is sent again, then new messages as fast as they are acked, until the server
    /// dies.
    /// </summary>
    /// <param name="die">Ends the server; awaited after a number of acks that chance decides.</param>
    public async Task LiveAndDieAsync(Func<SkaldProcess, Task> die)
    {
        await StartAsync();
        var acks = Acks + _random.Next(50, 1_500);
        var sending = Task.WhenAll(_senders.Select(sender => sender.SendUntilLostAsync(Room)));
        await Deadline.UntilAsync(() => Acks >= acks, "so many messages are acked");
        // Off the beat of acks: anywhere within the next batch.
        Thread.SpinWait(_random.Next(50_000));
        await die(_server);
        await _server.DisposeAsync();
        await sending.Within();
        await Task.WhenAll(_readers.Select(reader => reader.Ended)).Within();
    }

    /// <summary>
    /// The server's last life: what is unknown is sent again, everybody reads to the end, and the checker looks at all of it.
    /// </summary>
    public async Task<IReadOnlyList<Violation>> JudgeAsync()
    {
        await StartAsync();
        foreach (var sender in _senders)
            await sender.SendUnknownAsync(Room);
        var history = await HistoryReader.ReadAsync(_server.Http, _access, Room);
        foreach (var reader in _readers)
        {
            await reader.UntilAsync(Room, history.Messages.Count);
            reader.Stay(Room);
        }

        return _checker.Check(history);
    }

    /// <summary>This moment, to <see cref="RewindTo"/>.</summary>
    public IReadOnlyList<int> Mark() => [.. Clients.Select(client => client.Log.Length)];

    /// <summary>Judges only what had been said by then: the next server is as old.</summary>
    public void RewindTo(IReadOnlyList<int> mark)
    {
        foreach (var (client, length) in Clients.Zip(mark))
            client.Log.RewindTo(length);
    }

    /// <summary>Stops the server, and asks the database whether it is whole.</summary>
    public async Task<string> CheckIntegrityAsync(string data)
    {
        Assert.Equal(0, await _server.StopAsync());
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(data, "skald.db")};Pooling=false");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA integrity_check";
        return (string)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in Clients)
            client.Dispose();
        await _server.DisposeAsync();
    }

    private async Task StartAsync()
    {
        _server = await _start();
        FirstStart = FirstStart == default ? _server.ReadyAfter : FirstStart;
        SlowestStart = SlowestStart > _server.ReadyAfter ? SlowestStart : _server.ReadyAfter;
        _access = await _server.SignInAsync("ann");
        var address = _server.SocketAddress($"/ws/?token={_access}");
        foreach (var reader in _readers)
        {
            await reader.ConnectAsync(address);
            await reader.JoinAsync(Room);
        }

        foreach (var sender in _senders)
            await sender.Client.ConnectAsync(address);
    }

    /// <summary>Keeps a window of sends under way, and remembers what it never heard of again.</summary>
    private sealed class Sender(LoggedClient client)
    {
        private readonly Queue<(string Text, Task<bool> Answered)> _underWay = new();
        private List<string> _unknown = [];
        private int _next, _acks;

        public LoggedClient Client => client;

        public int Acks => Volatile.Read(ref _acks);

        public async Task SendUntilLostAsync(string room)
        {
            await SendUnknownAsync(room);
            while (_unknown.Count == 0)
            {
                await SendAsync(room, $"{client.Log.Name}-{_next++}");
                if (_underWay.Count >= Window)
                    await AnswerAsync();
            }

            while (_underWay.Count > 0)
                await AnswerAsync();
        }

        public async Task SendUnknownAsync(string room)
        {
            foreach (var text in Interlocked.Exchange(ref _unknown, []))
                await SendAsync(room, text);
            while (_underWay.Count > 0)
                await AnswerAsync();
        }

        private async Task SendAsync(string room, string text) => _underWay.Enqueue((text, await client.BeginSendAsync(room, text)));

        private async Task AnswerAsync()
        {
            var (text, answered) = _underWay.Dequeue();
            if (await answered.Within())
                Interlocked.Increment(ref _acks);
            else
                _unknown.Add(text);
        }
    }
}
