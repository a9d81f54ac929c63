using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Skald.Server.Transport;

/// <summary>
/// What Kestrel sees of a connection while HTTP is spoken over it. A request that became a WebSocket can end it, and keeps the socket.
/// </summary>
/// <remarks>
/// A request that is kept open for its socket keeps everything that HTTP needed: headers, features, pipes, a task of each middleware,
/// 18 KiB. So HTTP ends with the answer to the handshake: Kestrel lets go of the connection, whose socket is still open.
/// </remarks>
internal sealed partial class SocketConnection : ConnectionContext,
    IConnectionIdFeature, IConnectionItemsFeature, IConnectionTransportFeature, IConnectionLifetimeFeature,
    IConnectionEndPointFeature, IConnectionSocketFeature, IMemoryPoolFeature
{
    /// <summary>How long a peer has, once HTTP has ended, to take the last bytes of a response.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(5);

    // Never disposed, since Abort may use it from any thread at any time. It has no timer, so nothing leaks.
    private readonly CancellationTokenSource _closed = new();
    private readonly PlainSocket _socket;
    private readonly HttpInput _input;
    private readonly HttpOutput _output;
    private readonly IDuplexPipe _pipes;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly ConnectionsByAddress _connections;
    private Func<PlainSocket, ReadOnlyMemory<byte>, Task>? _takeOver;
    private int _disposed;

    /// <param name="pool">Kestrel takes its buffers from it.</param>
    /// <param name="scheduler">Runs the sending of responses.</param>
    public SocketConnection(
        string id,
        PlainSocket socket,
        MemoryPool<byte> pool,
        BatchingScheduler scheduler,
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
        _output = new HttpOutput(socket, pool, scheduler);
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

    /// <inheritdoc cref="HttpInput.LastReadAt"/>
    public long LastReadAt => _input.LastReadAt;

    public Socket Socket => _socket.Socket;

    /// <summary>
    /// The connection of a request, where nothing stands between HTTP and its socket: null behind TLS, and in a server other
    /// than Kestrel.
    /// </summary>
    public static SocketConnection? Of(HttpContext request) =>
        request.Features.Get<SocketConnection>() is { } connection && connection.Transport == connection._pipes ? connection : null;

    /// <summary>
    /// Keeps the socket open when the request under way ends, and hands it over with the bytes that were read from it already.
    /// </summary>
    /// <param name="next">Owns the socket from then on.</param>
    public void TakeOver(Func<PlainSocket, ReadOnlyMemory<byte>, Task> next) => _takeOver = next;

    /// <remarks>Listeners of <see cref="ConnectionClosed"/> are called on the thread pool: Kestrel aborts while it holds locks.</remarks>
    public override void Abort(ConnectionAbortedException abortReason)
    {
        _socket.Abort();
        ThreadPool.UnsafeQueueUserWorkItem(static connection => connection.NotifyClosed(), this, preferLocal: false);
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
        NotifyClosed();
        await FlushResponseAsync();
        var unread = _input.End();
        if (_takeOver is { } takeOver)
            _ = takeOver(_socket, unread);
        else
            _socket.Dispose();
    }

    /// <summary>
    /// Calls the listeners of <see cref="ConnectionClosed"/>. If one throws, it is logged: unhandled on the thread pool, it would end the
    /// process.
    /// </summary>
    private void NotifyClosed()
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

    private async Task FlushResponseAsync()
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
