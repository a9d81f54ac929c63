using System.Collections.Concurrent;
using Skald.Bench.Machine;
using Skald.Bench.Sockets;

namespace Skald.Bench.Load;

/// <summary>One thread, one core, one epoll set: everything about its connections happens here, in turn.</summary>
/// <remarks>
/// While it has connections it never sleeps. A sleeping client on the same machine would have to be woken by the server's send(2), which
/// costs the faster server more, and which no client across a network costs anybody.
/// </remarks>
internal sealed class LoadLoop : IDisposable
{
    /// <summary>Also the longest frame or HTTP answer that can be read.</summary>
    private const int ReceiveBytes = 1024 * 1024;

    private const int EventsAtOnce = 512;

    /// <summary>Connections that are on their way at once, so that a listener's backlog never overflows.</summary>
    private const int OpeningAtOnce = 128;

    /// <summary>Connections come from 127.0.0.1 to 127.0.0.8: each address brings its own ports.</summary>
    private const int Sources = 8;

    private const ulong WakeToken = ulong.MaxValue;

    private readonly Epoll _epoll = new(EventsAtOnce);
    private readonly WakeUp _wake = new();
    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly Queue<LoadConnection> _toOpen = new();
    private readonly HashSet<LoadConnection> _opening = [];
    private readonly List<LoadConnection?> _slots = [];
    private readonly Stack<int> _freeSlots = new();
    private readonly List<LoopTimer> _timers = [];
    private readonly Action<string> _fail;
    private readonly Thread _thread;
    private uint _opened;
    private bool _stopped;

    /// <param name="fail">Is told what went wrong, on the loop's thread.</param>
    public LoadLoop(int core, Action<string> fail)
    {
        _fail = fail;
        _epoll.Add(_wake.Descriptor, Interest.Read, WakeToken);
        _thread = new Thread(() => Run(core)) { Name = $"load {core}", IsBackground = true };
        _thread.Start();
    }

    public byte[] ReceiveBuffer { get; } = new byte[ReceiveBytes];

    public LoadStats Stats { get; private set; } = new();

    /// <summary>The port that connections are opened to which name none.</summary>
    public int Port { get; set; }

    /// <summary>Runs something on the loop's thread.</summary>
    public Task PostAsync(Action act)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _posted.Enqueue(() =>
        {
            try
            {
                act();
                done.SetResult();
            }
            catch (Exception failed)
            {
                done.SetException(failed);
            }
        });
        _wake.Signal();
        return done.Task;
    }

    public void Fail(string fault) => _fail(fault);

    public LoadStats TakeStats()
    {
        var taken = Stats;
        Stats = new LoadStats();
        return taken;
    }

    public void Add(LoopTimer timer) => _timers.Add(timer);

    /// <summary>Opens a connection as soon as fewer than <see cref="OpeningAtOnce"/> are on their way.</summary>
    public void Open(LoadConnection connection)
    {
        _toOpen.Enqueue(connection);
        OpenNext();
    }

    /// <summary>A connection is open, or came to nothing.</summary>
    public void Opened(LoadConnection connection)
    {
        if (_opening.Remove(connection))
            OpenNext();
    }

    public void Watch(LoadConnection connection, Interest interest) => _epoll.Change(connection.Descriptor, interest, connection.Token);

    public void Release(LoadConnection connection)
    {
        LoopbackSocket.Close(connection.Descriptor);
        var slot = (int)(uint)connection.Token;
        _slots[slot] = null;
        _freeSlots.Push(slot);
        Opened(connection);
    }

    /// <summary>Closes what is open, forgets what was to be opened and stops the timers.</summary>
    public void CloseAll()
    {
        _toOpen.Clear();
        _timers.Clear();
        foreach (var connection in _slots.ToArray())
            connection?.Close();
    }

    public void Dispose()
    {
        _posted.Enqueue(() => _stopped = true);
        _wake.Signal();
        _thread.Join();
        _wake.Dispose();
        _epoll.Dispose();
    }

    private void Run(int core)
    {
        try
        {
            CurrentThread.RunOn([core]);
            CurrentThread.WakePrecisely();
            while (!_stopped)
            {
                var before = Clock.Now;
                var events = _epoll.Wait(_slots.Count > _freeSlots.Count ? 0 : UntilNextTimer());
                if (events.IsEmpty)
                    Stats.Idle += Clock.Now - before;
                foreach (var happened in events)
                {
                    if (happened.Token == WakeToken)
                        RunPosted();
                    else if (ConnectionOf(happened.Token) is { } connection)
                        connection.Happened(happened);
                }

                foreach (var timer in _timers)
                    timer.FireIfDue(Clock.Now);
            }

            CloseAll();
        }
        catch (Exception failed)
        {
            _fail($"The load side failed: {failed}");
        }
    }

    private long UntilNextTimer()
    {
        if (_timers.Count == 0)
            return -1;
        var next = long.MaxValue;
        foreach (var timer in _timers)
            next = Math.Min(next, timer.DueAt);
        return Math.Max(0, next - Clock.Now);
    }

    private void RunPosted()
    {
        _wake.Clear();
        while (_posted.TryDequeue(out var act))
            act();
    }

    /// <summary>A slot can have been given to another connection since the event was reported: then the token is an old one.</summary>
    private LoadConnection? ConnectionOf(ulong token) =>
        _slots[(int)(uint)token] is { } connection && connection.Token == token ? connection : null;

    private void OpenNext()
    {
        while (_opening.Count < OpeningAtOnce && _toOpen.TryDequeue(out var connection))
        {
            if (!_freeSlots.TryPop(out var slot))
            {
                slot = _slots.Count;
                _slots.Add(null);
            }

            var descriptor = LoopbackSocket.Connect((int)(_opened % Sources) + 1, connection.Port ?? Port, connection.ReceiveBuffer);
            var token = ((ulong)++_opened << 32) | (uint)slot;
            _slots[slot] = connection;
            _opening.Add(connection);
            _epoll.Add(descriptor, Interest.Write, token);
            connection.Connecting(this, descriptor, token);
        }
    }
}
