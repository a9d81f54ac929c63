using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace Skald.Server.Transport;

/// <summary>The first part of a connection's life, in which it speaks HTTP. A request that became a WebSocket can end it, and the socket goes on.</summary>
/// <remarks>
/// A request that is kept open for its socket keeps everything that HTTP needed: headers, features, pipes, a task of each middleware, 18 KiB.
/// So HTTP ends with the answer to the handshake, and the web server lets go of the connection, whose socket is still open.
/// </remarks>
internal sealed class SocketConnection : DefaultConnectionContext
{
    private readonly PlainSocket _socket;
    private readonly HttpInput _input;
    private readonly IDuplexPipe _pipes;
    private Func<PlainSocket, ReadOnlyMemory<byte>, Task>? _next;

    public SocketConnection(string id, PlainSocket socket)
        : base(id)
    {
        _socket = socket;
        _input = new HttpInput(socket.Stream);
        _pipes = new Pipes(_input, new HttpOutput(socket.Stream));
        Transport = _pipes;
        LocalEndPoint = socket.Socket.LocalEndPoint;
        RemoteEndPoint = socket.Socket.RemoteEndPoint;
        Features.Set(this);
    }

    /// <summary>The connection of a request, where nothing stands between HTTP and its socket: null behind TLS, and in a web server of another kind.</summary>
    public static SocketConnection? Of(HttpContext request) =>
        request.Features.Get<SocketConnection>() is { } connection && connection.Transport == connection._pipes ? connection : null;

    /// <summary>Keeps the socket open when the request under way has ended, and hands it over with what was read of it already.</summary>
    /// <param name="next">Owns the socket from then on.</param>
    public void TakeOver(Func<PlainSocket, ReadOnlyMemory<byte>, Task> next) => _next = next;

    public override void Abort(ConnectionAbortedException abortReason)
    {
        _socket.Abort();
        base.Abort(abortReason);
    }

    public override async ValueTask DisposeAsync()
    {
        var unread = _input.End();
        await base.DisposeAsync();
        if (_next is { } next)
            _ = next(_socket, unread);
        else
            _socket.Dispose();
    }

    private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
