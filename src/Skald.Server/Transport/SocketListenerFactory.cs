using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;
using Skald.Server.Limits;
using Skald.Server.Operations;

namespace Skald.Server.Transport;

/// <summary>
/// Listens for Kestrel. It holds no more connections at once than there are file descriptors for; further ones wait in the kernel's
/// accept queue.
/// </summary>
/// <remarks>
/// Kestrel's own limit closes a connection after it was accepted. In a rush that is too late: the runtime ends a process that has no
/// free descriptor.
/// </remarks>
internal sealed class SocketListenerFactory(
    IOptions<SocketTransportOptions> options,
    IMemoryPoolFactory<byte> pools,
    ConnectionsByAddress byAddress,
    TimeProvider clock,
    ILogger<SocketConnection> logger)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    // Never disposed: sockets may be closed, and release it, after the listeners are.
    private readonly SemaphoreSlim _free = new(OpenFiles.ForConnections ?? int.MaxValue);

    // One for each processor, so that they send in parallel.
    private readonly BatchingScheduler[] _schedulers =
        [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new BatchingScheduler())];
    private readonly EventLoop[] _loops =
        [.. Enumerable.Range(1, Environment.ProcessorCount).Select(number => new EventLoop($"sockets {number}"))];
    private readonly MemoryPool<byte> _pool = pools.Create(new MemoryPoolOptions { Owner = "skald" });
    private long _connections;

    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint or UnixDomainSocketEndPoint or FileHandleEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Socket? socket = null;
        try
        {
            socket = options.Value.CreateBoundListenSocket(endpoint);
            socket.Listen();   // the accept queue is as long as the kernel allows: net.core.somaxconn
            return new(new Listener(socket, this));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            socket?.Dispose();
            throw new AddressInUseException(e.Message, e);
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            throw new StartupRefusedException($"Nothing can listen on {endpoint}: {e.Message}. {Remedy(endpoint, e.SocketErrorCode)}", e);
        }
    }

    public void Dispose()
    {
        foreach (var loop in _loops)
            loop.Dispose();
        _pool.Dispose();
    }

    private static string Remedy(EndPoint endpoint, SocketError error) => (endpoint, error) switch
    {
        (IPEndPoint { Port: < 1024 }, SocketError.AccessDenied) => "Choose a port from 1024 on with --urls, put a proxy before it, or let it have low ports (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE).",
        (IPEndPoint, SocketError.AddressNotAvailable) =>
            "Choose an address of this machine with --urls: 127.0.0.1 for itself alone, 0.0.0.0 for all it has.",
        (UnixDomainSocketEndPoint, _) => "Its directory must be there, and be one that this user may write to.",
        _ => "Choose another address with --urls.",
    };

    private SocketConnection Connection(Socket socket, Action closed)
    {
        var number = Interlocked.Increment(ref _connections);
        var connection = new SocketConnection(
            $"{number:X}",
            new PlainSocket(socket, _loops[number % _loops.Length], closed),
            _pool,
            _schedulers[number % _schedulers.Length],
            byAddress,
            clock,
            logger);
        byAddress.Add(connection);
        return connection;
    }

    private void ReleaseDescriptor() => _free.Release();

    private sealed class Listener(Socket listener, SocketListenerFactory factory) : IConnectionListener
    {
        private readonly Action _closed = factory.ReleaseDescriptor;   // one delegate, which all sockets keep
        private readonly CancellationTokenSource _unbound = new();   // never disposed: AcceptAsync may use it; it has no timer

        public EndPoint EndPoint { get; } = listener.LocalEndPoint!;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (true)
            {
                try
                {
                    await factory._free.WaitAsync(_unbound.Token);
                }
                catch (OperationCanceledException)
                {
                    return null;
                }

                if (await TryAcceptAsync() is { } connection)
                    return connection;
                factory.ReleaseDescriptor();
            }
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            await _unbound.CancelAsync();
            listener.Dispose();
        }

        public ValueTask DisposeAsync() => UnbindAsync();

        private async Task<SocketConnection?> TryAcceptAsync()
        {
            Socket? socket = null;
            try
            {
                socket = await listener.AcceptAsync();
                if (socket.LocalEndPoint is IPEndPoint)
                    socket.NoDelay = true;
                return factory.Connection(socket, _closed);
            }
            catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
            {
                // The peer went away while it waited in the accept queue, or the listener is closed.
                socket?.Dispose();
                return null;
            }
        }
    }
}
