using Skald.Tests.Harness;

namespace Skald.Tests.Conformance;

/// <summary>Two servers for the cases of a class, one for each way out: the plain socket, and the upgraded stream that TLS takes.</summary>
public sealed class WireServers : IAsyncLifetime
{
    private readonly Dictionary<WritePath, (SkaldServer Server, Uri Address)> _servers = [];

    public async ValueTask InitializeAsync()
    {
        foreach (var path in Enum.GetValues<WritePath>())
        {
            // Nobody is closed for being slow: what closes a case is what it is about.
            var server = await SkaldServer.StartAsync(
                [("Connections:DirectSocket", (path == WritePath.Socket).ToString()), ("Limits:MessageTime", "01:00:00")]);
            var ann = await server.RegisterAsync("ann");
            _servers[path] = (server, server.SocketAddress($"/ws/?token={ann.Access}"));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (server, _) in _servers.Values)
            await server.DisposeAsync();
    }

    /// <summary>The server that writes in this way.</summary>
    internal SkaldServer this[WritePath path] => _servers[path].Server;

    /// <summary>Opens the Skald socket there, authenticated, and reads <c>ready</c>.</summary>
    internal async Task<RawWebSocket> OpenAsync(WritePath path)
    {
        var socket = await RawWebSocket.OpenAsync(_servers[path].Address);
        Assert.StartsWith("""{"type":"ready",""", (await socket.ReadAsync())?.Text, StringComparison.Ordinal);
        return socket;
    }
}

/// <summary>How the server writes to its sockets.</summary>
public enum WritePath
{
    Socket,
    Stream,
}
