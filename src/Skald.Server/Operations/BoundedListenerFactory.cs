using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Skald.Server.Operations;

/// <summary>Takes no more connections from the system at once than there are file descriptors for; those that are too many wait there.</summary>
/// <remarks>
/// The web server's own limit ends a connection after it has taken it. In a rush that is too late: a process without a free
/// descriptor is ended by its runtime.
/// </remarks>
internal sealed class BoundedListenerFactory(SocketTransportFactory sockets) : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    private readonly SemaphoreSlim _free = new(OpenFiles.ForConnections ?? int.MaxValue);

    public bool CanBind(EndPoint endpoint) => sockets.CanBind(endpoint);

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new Listener(await sockets.BindAsync(endpoint, cancellationToken), _free);

    public void Dispose() => _free.Dispose();

    private sealed class Listener(IConnectionListener listener, SemaphoreSlim free) : IConnectionListener
    {
        private readonly CancellationTokenSource _unbound = new();

        public EndPoint EndPoint => listener.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            try
            {
                await free.WaitAsync(_unbound.Token);
            }
            catch (OperationCanceledException)
            {
                return null;
            }

            ConnectionContext? connection = null;
            try
            {
                connection = await listener.AcceptAsync(cancellationToken);
                return connection;
            }
            finally
            {
                if (connection is null)
                    free.Release();
                else
                    connection.ConnectionClosed.UnsafeRegister(static free => ((SemaphoreSlim)free!).Release(), free);
            }
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            await _unbound.CancelAsync();
            await listener.UnbindAsync(cancellationToken);
        }

        public async ValueTask DisposeAsync()
        {
            await listener.DisposeAsync();
            _unbound.Dispose();
        }
    }
}
