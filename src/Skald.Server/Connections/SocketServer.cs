using Microsoft.Extensions.Options;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Commands;
using Skald.Server.Delivery;
using Skald.Server.History;
using Skald.Server.Transport;

namespace Skald.Server.Connections;

/// <summary>Serves sockets that were admitted, from the handshake's answer to their end.</summary>
internal sealed partial class SocketServer(
    Admission admission,
    ConnectionRegistry registry,
    FrameDispatcher dispatcher,
    SignIn signIn,
    RoomEntrance entrance,
    RoomLog log,
    IOptions<ConnectionLimits> limits,
    IOptions<WireLimits> wire,
    IOptions<DeliveryLimits> delivery,
    SessionLifecycle sessions,
    TimeProvider clock,
    ConnectionMetrics metrics,
    ILogger<Connection> logger)
{
    /// <summary>Serves a socket whose request has ended.</summary>
    public async Task ServePlainAsync(PlainSocket socket, ReadOnlyMemory<byte> unread, Entrant entrant, string address)
    {
        using (socket)
        {
            try
            {
                socket.BeginWebSocket();
                await ServeAsync(socket, unread, entrant, address);
            }
            catch (Exception e)
            {
                // Nothing else observes this task.
                Log.Ended(logger, entrant.User?.Id, e);
            }
        }
    }

    /// <param name="unread">What the peer sent that was read already.</param>
    /// <param name="address">What it was admitted as.</param>
    public Task ServeAsync(ISocket socket, ReadOnlyMemory<byte> unread, Entrant entrant, string address)
    {
        var outbound = new Outbound(socket, log, delivery.Value, clock);
        var connection = new Connection(
            socket, unread, outbound, entrant.OnlyRoom, limits.Value, wire.Value.FrameBytes, clock, metrics, logger)
        {
            SessionCheckAt = sessions.EarliestExpiry,
        };
        return ServeAsync(connection, address, EnterAsync(connection, entrant));
    }

    /// <param name="entered">Its first steps, begun; what they needed is not kept for the life of the connection.</param>
    private async Task ServeAsync(Connection connection, string address, ValueTask entered)
    {
        try
        {
            await entered;
            await connection.ReadAsync(dispatcher);
        }
        finally
        {
            entrance.LeaveAll(connection);
            registry.Remove(connection);
            connection.Dispose();
            admission.Leave(address);
        }
    }

    private async ValueTask EnterAsync(Connection connection, Entrant entrant)
    {
        registry.Add(connection);
        if (entrant.User is { } known && signIn.Welcome(connection, known) is { } caller && entrant.Join is { } join)
            await entrance.JoinAsync(caller, join, entrant.WantsJoined);
    }

    private static partial class Log
    {
        [LoggerMessage(4003, LogLevel.Error, "A socket of user {UserId} ended by a fault of the server")]
        public static partial void Ended(ILogger logger, long? userId, Exception cause);
    }
}
