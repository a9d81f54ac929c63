using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Skald.Server.Transport;

/// <summary>
/// The first part of a connection's life, in which it speaks HTTP. A request that became a WebSocket can end it, and the socket goes
/// on.
/// </summary>
/// <remarks>
/// A request that is kept open for its socket keeps everything that HTTP needed: headers, features, pipes, a task of each middleware,
/// 18 KiB. So HTTP ends with the answer to the handshake, and the web server lets go of the connection, whose socket is still open.
/// </remarks>
internal sealed partial class SocketConnection : ConnectionContext,
    IConnectionIdFeature, IConnectionItemsFeature, IConnectionTransportFeature, IConnectionLifetimeFeature,
    IConnectionEndPointFeature, IConnectionSocketFeature, IMemoryPoolFeature
{
    /// <summary>What a peer has, when HTTP has ended, to take the last bytes.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(5);

    // Never disposed: Abort may be on its way to it, from any thread. It has no timer.
    private readonly CancellationTokenSource _closed = new();
    private readonly PlainSocket _socket;
    private readonly HttpInput _input;
    private readonly HttpOutput _output;
    private readonly IDuplexPipe _pipes;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly ConnectionsByAddress _connections;
    private Func<PlainSocket, ReadOnlyMemory<byte>, Task>? _next;
    private int _disposed;

    /// <param name="pool">What HTTP takes its buffers from.</param>
    /// <param name="turns">When HTTP's answers are sent.</param>
    /// <param name="logger">Where it is noted that somebody who listens for its end has failed.</param>
    public SocketConnection(
        string id,
        PlainSocket socket,
        MemoryPool<byte> pool,
        SendTurns turns,
        ConnectionsByAddress connections,
        TimeProvider clock,
        ILogger logger)
    {
        ConnectionId = id;
        MemoryPool = pool;
        _socket = socket;
        _connections = connections;
        _clock = clock;
        _logger = logger;
        _input = new HttpInput(socket, clock);
        _output = new HttpOutput(socket, pool, turns);
        _pipes = new Pipes(_input, _output.Writer);
        Transport = _pipes;
        LocalEndPoint = socket.Socket.LocalEndPoint;
        RemoteEndPoint = socket.Socket.RemoteEndPoint;
        ConnectionClosed = _closed.Token;
        Features.Set(this);
        Features.Set<IConnectionIdFeature>(this);
        Features.Set<IConnectionItemsFeature>(this);
        Features.Set<IConnectionTransportFeature>(this);
        Features.Set<IConnectionLifetimeFeature>(this);
        Features.Set<IConnectionEndPointFeature>(this);
        Features.Set<IConnectionSocketFeature>(this);
        Features.Set<IMemoryPoolFeature>(this);
    }

    public override string ConnectionId { get; set; }

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new ConnectionItems();

    public override IDuplexPipe Transport { get; set; }

    public override CancellationToken ConnectionClosed { get; set; }

    public override EndPoint? LocalEndPoint { get; set; }

    public override EndPoint? RemoteEndPoint { get; set; }

    public MemoryPool<byte> MemoryPool { get; }

    /// <inheritdoc cref="HttpInput.HeardAt"/>
    public long HeardAt => _input.HeardAt;

    public Socket Socket => _socket.Socket;

    /// <summary>
    /// The connection of a request, where nothing stands between HTTP and its socket: null behind TLS, and in a web server of another
    /// kind.
    /// </summary>
    public static SocketConnection? Of(HttpContext request) =>
        request.Features.Get<SocketConnection>() is { } connection && connection.Transport == connection._pipes ? connection : null;

    /// <summary>Keeps the socket open when the request under way has ended, and hands it over with what was read of it already.</summary>
    /// <param name="next">Owns the socket from then on.</param>
    public void TakeOver(Func<PlainSocket, ReadOnlyMemory<byte>, Task> next) => _next = next;

    /// <remarks>Who listens for the end is called from the pool: the web server aborts under its own locks.</remarks>
    public override void Abort(ConnectionAbortedException abortReason)
    {
        _socket.Abort();
        ThreadPool.UnsafeQueueUserWorkItem(static connection => connection.TellClosed(), this, preferLocal: false);
    }

    /// <remarks>
    /// Kestrel disposes a second time what it has refused. If that threw, Kestrel would lose the connection, and say so in a line of
    /// level Critical.
    /// </remarks>
    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _connections.Remove(this);
        await base.DisposeAsync();
        TellClosed();
        await SendTheRestAsync();
        var unread = _input.End();
        if (_next is { } next)
            _ = next(_socket, unread);
        else
            _socket.Dispose();
    }

    /// <summary>
    /// Calls whoever registered with <see cref="ConnectionClosed"/>. A callback that throws would end the process here, where nobody
    /// catches.
    /// </summary>
    private void TellClosed()
    {
        try
        {
            _closed.Cancel();
        }
        catch (AggregateException e)
        {
            Log.ListenerFailed(_logger, e);
        }
    }

    private async Task SendTheRestAsync()
    {
        try
        {
            await _output.EndAsync().WaitAsync(Linger, _clock);
        }
        catch (TimeoutException)
        {
            _socket.Abort();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(7000, LogLevel.Error, "A listener for the end of a connection failed")]
        public static partial void ListenerFailed(ILogger logger, Exception cause);
    }

    private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
