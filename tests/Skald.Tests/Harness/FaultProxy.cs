using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Skald.Tests.Harness;

/// <summary>A bad network between a client and a server: late, slow, cut, reset, mute or half open. It never alters a byte.</summary>
/// <remarks>Its delays are the only ones in the tests: time that passes is what it is there for.</remarks>
internal sealed class FaultProxy : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentDictionary<int, ProxyLink> _links = new();
    private readonly IPEndPoint _server;
    private readonly Random _random;
    private readonly Task _accepting;
    private volatile bool _ended;

    private readonly TimeProvider _clock;

    /// <param name="server">What it stands before.</param>
    /// <param name="seed">Of its chances.</param>
    /// <param name="clock">What it measures silence by.</param>
    public FaultProxy(Uri server, int seed, TimeProvider? clock = null)
    {
        _clock = clock ?? TimeProvider.System;
        _server = new IPEndPoint(IPAddress.Parse(server.Host), server.Port);
        _random = new Random(seed);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(1024);
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>What happens to bytes on their way to the server, on every link.</summary>
    public ProxyDirection Up { get; } = new();

    /// <summary>What happens to bytes on their way to the client.</summary>
    public ProxyDirection Down { get; } = new();

    /// <summary>The same address at the proxy.</summary>
    public Uri Through(Uri address) =>
        new UriBuilder(address) { Host = "127.0.0.1", Port = ((IPEndPoint)_listener.LocalEndPoint!).Port }.Uri;

    /// <summary>The link of the client that connected from this port.</summary>
    public ProxyLink LinkOf(int clientPort) => _links[clientPort];

    /// <summary>Whether the link of this client has not been cut for its silence.</summary>
    public bool Has(int clientPort) => _links.ContainsKey(clientPort);

    /// <summary>Cuts every link of this moment.</summary>
    public void CutAll(bool reset)
    {
        foreach (var link in _links.Values)
            link.Cut(reset);
    }

    /// <summary>Cuts each link on which nothing has passed for so long, as proxies do.</summary>
    /// <returns>How many.</returns>
    public int CutSilent(TimeSpan time)
    {
        var silent = _links.Where(link => _clock.GetElapsedTime(link.Value.PassedAt) > time).ToArray();
        foreach (var (port, link) in silent)
        {
            link.Cut(reset: false);
            _links.TryRemove(port, out _);
        }

        return silent.Length;
    }

    public async ValueTask DisposeAsync()
    {
        _ended = true;
        _listener.Dispose();
        await _accepting;
        CutAll(reset: true);
    }

    private async Task AcceptAsync()
    {
        while (!_ended)
        {
            Socket? client = null, server = null;
            try
            {
                client = await _listener.AcceptAsync();
                var port = ((IPEndPoint)client.RemoteEndPoint!).Port;
                server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                client.NoDelay = true;
                await server.ConnectAsync(_server);
                _links[port] = new ProxyLink(client, server, Up, Down, NextRandom, _clock);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The proxy has ended; or this client is gone already, or the server takes nobody: the next one may fare better.
                client?.Dispose();
                server?.Dispose();
            }
        }
    }

    private double NextRandom()
    {
        lock (_random)
            return _random.NextDouble();
    }
}

/// <summary>What a direction does to what passes. Set before or while it does.</summary>
internal sealed class ProxyDirection
{
    public TimeSpan Latency { get; set; }

    /// <summary>Up to so much is added to the latency, by chance; order stays.</summary>
    public TimeSpan Jitter { get; set; }

    /// <summary>0: as fast as it comes.</summary>
    public int BytesPerSecond { get; set; }

    /// <summary>A black hole: everything is taken, and nothing arrives.</summary>
    public bool Swallows { get; set; }
}

/// <summary>One client's connection through the proxy.</summary>
internal sealed class ProxyLink
{
    private readonly Socket _client, _server;
    private volatile bool _swallowsDown;
    private readonly TimeProvider _clock;
    private long _swallowed, _passedAt, _up, _down;
    private volatile Action? _afterRequest;

    public ProxyLink(Socket client, Socket server, ProxyDirection up, ProxyDirection down, Func<double> random, TimeProvider clock)
    {
        (_client, _server, _clock, _passedAt) = (client, server, clock, clock.GetTimestamp());
        _ = PumpAsync(client, server, up, random, () => up.Swallows, () => { }, () =>
        {
            Note(ref _up);
            Interlocked.Exchange(ref _afterRequest, null)?.Invoke();
        });
        // Noted before the client can have it: who waits for an answer to it must not look too early.
        _ = PumpAsync(server, client, down, random, () => down.Swallows || _swallowsDown, () => Note(ref _down), () => { });
    }

    /// <summary>How often something has passed to the server.</summary>
    public long Up => Interlocked.Read(ref _up);

    /// <summary>How often something has passed to the client.</summary>
    public long Down => Interlocked.Read(ref _down);

    /// <summary>When something passed last, by the proxy's clock.</summary>
    public long PassedAt => Interlocked.Read(ref _passedAt);

    /// <summary>Bytes that went into the black hole.</summary>
    public long Swallowed => Interlocked.Read(ref _swallowed);

    /// <summary>Ends both sides.</summary>
    /// <param name="reset">With RST, which loses what is under way; else as if both had gone away.</param>
    public void Cut(bool reset)
    {
        End(_client, reset);
        End(_server, reset);
    }

    /// <summary>The next thing that the client sends reaches the server, and no answer ever reaches the client.</summary>
    public void CutAfterNextRequest(bool reset)
    {
        _afterRequest = () => Cut(reset);
        _swallowsDown = true;
    }

    /// <summary>The server's side ends; the client's stays open, and mute.</summary>
    public void HalfOpen()
    {
        _swallowsDown = true;
        End(_server, reset: true);
    }

    private void Note(ref long passed)
    {
        Interlocked.Exchange(ref _passedAt, _clock.GetTimestamp());
        Interlocked.Increment(ref passed);
    }

    private static void End(Socket socket, bool reset)
    {
        try
        {
            if (reset)
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
            else
                socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has ended already.
        }

        socket.Dispose();
    }

    private async Task PumpAsync(
        Socket from, Socket to, ProxyDirection direction, Func<double> random, Func<bool> swallows, Action passing, Action passed)
    {
        // What is late does not keep from being read what comes after it.
        var late = Channel.CreateBounded<(long Due, byte[] Bytes)>(1024);
        var writing = WriteAsync(late.Reader, to, direction, passed);
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, SocketFlags.None) is var read and > 0)
            {
                if (swallows())
                {
                    Interlocked.Add(ref _swallowed, read);
                    continue;
                }

                passing();
                var delay = direction.Latency + direction.Jitter * random();
                var due = TimeProvider.System.GetTimestamp() + (long)(delay.TotalSeconds * TimeProvider.System.TimestampFrequency);
                await late.Writer.WriteAsync((due, buffer[..read]));
            }

            late.Writer.Complete();
            await writing;
            if (!swallows())
                to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or ChannelClosedException)
        {
            late.Writer.TryComplete();
            // Of a link that is half open, this side lives on.
            if (!swallows())
                End(to, reset: true);
        }
    }

    private static async Task WriteAsync(ChannelReader<(long Due, byte[] Bytes)> late, Socket to, ProxyDirection direction, Action passed)
    {
        await foreach (var (due, bytes) in late.ReadAllAsync())
        {
            var wait = TimeProvider.System.GetElapsedTime(TimeProvider.System.GetTimestamp(), due);
            if (direction.BytesPerSecond > 0)
                wait += TimeSpan.FromSeconds((double)bytes.Length / direction.BytesPerSecond);
            if (wait > TimeSpan.FromMilliseconds(1))
                await Task.Delay(wait, TimeProvider.System);
            try
            {
                for (var rest = bytes.AsMemory(); !rest.IsEmpty;)
                    rest = rest[await to.SendAsync(rest, SocketFlags.None)..];
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The other side is gone: what follows is read and lost.
            }

            passed();
        }
    }
}
