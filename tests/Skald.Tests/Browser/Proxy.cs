using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Skald.Tests.Browser;

/// <summary>A reverse proxy in front of a server, as people set them up: below a path of its own, or not passing WebSockets on.</summary>
internal sealed class Proxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ended = new();
    private readonly Uri _server;
    private readonly string _path;
    private readonly bool _passesUpgrades;
    private readonly Task _accepting;

    /// <param name="server">Where it passes requests on to, at the root.</param>
    /// <param name="path">The path below which it serves them; everything else is 404.</param>
    /// <param name="passesUpgrades">Whether it passes <c>Upgrade</c> on. Many do not unless they are told to.</param>
    public Proxy(Uri server, string path = "/", bool passesUpgrades = true)
    {
        (_server, _path, _passesUpgrades) = (server, path, passesUpgrades);
        _listener.Start();
        Address = new Uri($"http://{_listener.LocalEndpoint}{path}");
        _accepting = AcceptAsync();
    }

    /// <summary>Where pages find the server.</summary>
    public Uri Address { get; }

    public async ValueTask DisposeAsync()
    {
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

    /// <summary>One request a connection, so that each one's head can be rewritten.</summary>
    private async Task CarryAsync(TcpClient browser)
    {
        using var carried = browser;
        using var server = new TcpClient();
        try
        {
            var fromBrowser = browser.GetStream();
            var (head, body) = await ReadHeadAsync(fromBrowser);
            if (Rewrite(head) is not { } rewritten)
            {
                await fromBrowser.WriteAsync("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());
                return;
            }

            await server.ConnectAsync(_server.Host, _server.Port);
            var fromServer = server.GetStream();
            await fromServer.WriteAsync(Encoding.Latin1.GetBytes(rewritten));
            await fromServer.WriteAsync(body);
            await Task.WhenAny(fromBrowser.CopyToAsync(fromServer, _ended.Token), fromServer.CopyToAsync(fromBrowser, _ended.Token));
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // One side has gone, or the test is over.
        }
    }

    private string? Rewrite(string head)
    {
        var lines = head.Split("\r\n");
        var request = lines[0].Split(' ');
        if (!request[1].StartsWith(_path, StringComparison.Ordinal))
            return null;
        var upgrades = _passesUpgrades && lines.Any(line => line.StartsWith("Upgrade:", StringComparison.OrdinalIgnoreCase));
        var kept = lines.Skip(1).Where(line => upgrades
            || !(line.StartsWith("Upgrade:", StringComparison.OrdinalIgnoreCase) || line.StartsWith("Connection:", StringComparison.OrdinalIgnoreCase)));
        string[] closing = upgrades ? [] : ["Connection: close"];
        return string.Join("\r\n", [$"{request[0]} /{request[1][_path.Length..]} {request[2]}", .. closing, .. kept, "", ""]);
    }

    private async Task<(string Head, byte[] Body)> ReadHeadAsync(NetworkStream stream)
    {
        var buffer = new byte[64 * 1024];
        for (var length = 0; ;)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), _ended.Token);
            if (read == 0)
                throw new IOException("The browser has gone.");
            length += read;
            var end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
                return (Encoding.Latin1.GetString(buffer, 0, end), buffer[(end + 4)..length]);
        }
    }
}
