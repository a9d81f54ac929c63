using Skald.Server.Accounts.Sessions;
using Skald.Server.Transport;

namespace Skald.Server.Connections;

/// <summary>Serves sockets that were admitted, from the handshake's answer to their end.</summary>
internal sealed partial class SocketServer(
    Admission admission,
    ConnectionRegistry registry,
    FrameDispatcher dispatcher,
    SignIn signIn,
    RoomEntrance entrance,
    ConnectionServices services,
    SessionLifecycle sessions)
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
                Log.Ended(services.Logger, entrant.User?.Id, e);
            }
        }
    }

    /// <param name="unread">What the peer sent that was read already.</param>
    /// <param name="address">What it was admitted as.</param>
    public Task ServeAsync(ISocket socket, ReadOnlyMemory<byte> unread, Entrant entrant, string address)
    {
        var connection = new Connection(services, socket, unread, entrant.OnlyRoom) { SessionCheckAt = sessions.EarliestExpiry };
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
