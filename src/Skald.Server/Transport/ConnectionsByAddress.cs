using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using Skald.Server.Http;
using Skald.Server.Limits;

namespace Skald.Server.Transport;

/// <summary>
/// The connections that speak HTTP, by remote address, so that one address cannot take every connection that the node may hold.
/// </summary>
/// <remarks>
/// Beyond <see cref="TransportLimits.RequestConnectionsPerAddress"/> the one of the address that was silent longest is aborted. Many users
/// behind one address go on, at the price of reconnecting; a client that only holds connections holds no more than its limit.
/// </remarks>
internal sealed class ConnectionsByAddress(IOptions<TransportLimits> limits, IOptions<ProxyOptions> proxies)
{
    private readonly int _most = limits.Value.RequestConnectionsPerAddress;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<SocketConnection>> _connections = new(StringComparer.Ordinal);

    public void Add(SocketConnection connection)
    {
        if (_most == 0 || AddressOf(connection) is not { } address)
            return;
        SocketConnection? silent = null;
        lock (_gate)
        {
            var key = ClientAddress.Of(address);
            if (!_connections.TryGetValue(key, out var held))
                _connections.Add(key, held = []);
            if (held.Count >= _most && !proxies.Value.Trusts(address))
            {
                silent = held.MinBy(one => one.LastReadAt)!;
                held.Remove(silent);
            }

            held.Add(connection);
        }

        silent?.Abort(new ConnectionAbortedException("Its address has opened more connections than it may have."));
    }

    public void Remove(SocketConnection connection)
    {
        if (_most == 0 || AddressOf(connection) is not { } address)
            return;
        lock (_gate)
        {
            var key = ClientAddress.Of(address);
            if (_connections.TryGetValue(key, out var held) && held.Remove(connection) && held.Count == 0)
                _connections.Remove(key);
        }
    }

    private static IPAddress? AddressOf(SocketConnection connection) => (connection.RemoteEndPoint as IPEndPoint)?.Address;
}
