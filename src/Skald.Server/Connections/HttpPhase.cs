using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Skald.Server.Connections;

/// <summary>The first part of a connection's life, in which it speaks HTTP. A request that became a WebSocket can end it, and the connection goes on.</summary>
/// <remarks>
/// A request that is kept open for its socket keeps everything that HTTP needed: headers, features, a task of each middleware, 14 KiB. So
/// the web server is given this in the connection's place: when the request has ended it is done, as ever, and lets go of the connection,
/// which is still open.
/// </remarks>
internal sealed class HttpPhase : ConnectionContext
{
    private readonly ConnectionContext _connection;
    private readonly Heartbeat _heartbeat;
    private Func<ConnectionContext, Task>? _next;

    private HttpPhase(ConnectionContext connection)
    {
        _connection = connection;
        _heartbeat = new Heartbeat(connection.Features.GetRequiredFeature<IConnectionHeartbeatFeature>());
        Features = new FeatureCollection(connection.Features);
        Features.Set(this);
        Features.Set<IConnectionHeartbeatFeature>(_heartbeat);
        Transport = new KeptTransport(connection.Transport, () => _next is not null);
    }

    /// <summary>Puts a phase around the HTTP of each connection of an endpoint.</summary>
    public static void Use(ListenOptions endpoint) => endpoint.Use(http => connection => RunAsync(connection, http));

    /// <summary>Keeps the connection open when the request under way has ended, and goes on with it.</summary>
    /// <param name="next">Serves the connection to its end.</param>
    public void Then(Func<ConnectionContext, Task> next) => _next = next;

    public override string ConnectionId { get => _connection.ConnectionId; set => _connection.ConnectionId = value; }

    public override IFeatureCollection Features { get; }

    public override IDictionary<object, object?> Items { get => _connection.Items; set => _connection.Items = value; }

    public override IDuplexPipe Transport { get; set; }

    public override CancellationToken ConnectionClosed { get => _connection.ConnectionClosed; set => _connection.ConnectionClosed = value; }

    public override System.Net.EndPoint? LocalEndPoint { get => _connection.LocalEndPoint; set => _connection.LocalEndPoint = value; }

    public override System.Net.EndPoint? RemoteEndPoint { get => _connection.RemoteEndPoint; set => _connection.RemoteEndPoint = value; }

    public override void Abort(ConnectionAbortedException abortReason) => _connection.Abort(abortReason);

    private static async Task RunAsync(ConnectionContext connection, ConnectionDelegate http)
    {
        var next = await SpeakHttpAsync(new HttpPhase(connection), http);
        if (next is not null)
            await next(connection);
    }

    private static async Task<Func<ConnectionContext, Task>?> SpeakHttpAsync(HttpPhase phase, ConnectionDelegate http)
    {
        await http(phase);
        phase._heartbeat.Stop();
        return phase._next;
    }

    /// <summary>HTTP's clock. The connection holds on to whoever it is to tick for, to its end: so that is this, and not HTTP.</summary>
    private sealed class Heartbeat(IConnectionHeartbeatFeature inner) : IConnectionHeartbeatFeature
    {
        private (Action<object> Act, object State)? _tick;

        public void OnHeartbeat(Action<object> action, object state)
        {
            _tick = (action, state);
            inner.OnHeartbeat(static heartbeat => ((Heartbeat)heartbeat).Tick(), this);
        }

        public void Stop() => _tick = null;

        private void Tick()
        {
            if (_tick is { } tick)
                tick.Act(tick.State);
        }
    }
}
