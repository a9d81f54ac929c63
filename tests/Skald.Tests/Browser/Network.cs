using System.Net;
using System.Net.Sockets;

namespace Skald.Tests.Browser;

/// <summary>The way between a page and its server: a relay that can be cut and mended, and may have a reverse proxy in it.</summary>
internal sealed class Network : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly HashSet<TcpClient> _carried = [];
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ended = new();
    private readonly Uri _server;
    private readonly Proxy? _proxy;
    private readonly Task _accepting;
    private bool _cut;
    private volatile bool _losesAnswers;

    /// <param name="proxy">What requests meet on their way; without one bytes pass as they come.</param>
    public Network(Uri server, Proxy? proxy = null)
    {
        (_server, _proxy) = (server, proxy);
        _listener.Start();
        Address = new Uri($"http://{_listener.LocalEndpoint}{proxy?.Path ?? "/"}");
        _accepting = AcceptAsync();
    }

    /// <summary>Where pages find the server.</summary>
    public Uri Address { get; }

    /// <summary>Breaks every connection without a word, and each new one, until it is mended.</summary>
    public void Cut()
    {
        lock (_gate)
        {
            _cut = true;
            foreach (var client in _carried)
                Break(client);
            _carried.Clear();
        }
    }

    public void Mend()
    {
        lock (_gate)
            _cut = _losesAnswers = false;
    }

    /// <summary>From now on what pages say arrives, and what the server says is lost.</summary>
    public void LoseAnswers() => _losesAnswers = true;

    public async ValueTask DisposeAsync()
    {
        Cut();
        await _ended.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = CarryAsync(await _listener.AcceptTcpClientAsync(_ended.Token));
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task CarryAsync(TcpClient page)
    {
        using var carried = page;
        using var server = new TcpClient();
        try
        {
            await server.ConnectAsync(_server.Host, _server.Port);
            if (!Take(page, server))
            {
                Break(page);
                return;
            }

            var (fromPage, fromServer) = (page.GetStream(), server.GetStream());
            if (_proxy is not null && !await _proxy.PassHeadAsync(fromPage, fromServer, _ended.Token))
                return;
            await Task.WhenAny(fromPage.CopyToAsync(fromServer), AnswerAsync(fromServer, fromPage));
        }
        catch (Exception e)
            when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            // Cut, or one side has gone or was never there.
        }
        finally
        {
            lock (_gate)
                _carried.ExceptWith([page, server]);
        }
    }

    private bool Take(params TcpClient[] clients)
    {
        lock (_gate)
        {
            if (!_cut)
                _carried.UnionWith(clients);
            return !_cut;
        }
    }

    private async Task AnswerAsync(NetworkStream server, NetworkStream page)
    {
        var buffer = new byte[64 * 1024];
        while (await server.ReadAsync(buffer) is > 0 and var length)
        {
            if (!_losesAnswers)
                await page.WriteAsync(buffer.AsMemory(0, length));
        }
    }

    private static void Break(TcpClient client)
    {
        if (client.Client is { } socket)
            socket.Close(timeout: 0);
    }
}
