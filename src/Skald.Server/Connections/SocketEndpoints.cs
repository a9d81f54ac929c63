using System.Globalization;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.Delivery;
using Skald.Server.History;
using Skald.Server.Operations;
using Skald.Server.Rooms;
using Skald.Server.Transport;

namespace Skald.Server.Connections;

/// <summary>The two sockets: <c>/ws/</c>, and the Django project's <c>/ws/chat/{room}/</c>. Everything that can be refused is refused before the upgrade.</summary>
internal sealed partial class SocketEndpoints(
    Admission admission,
    ConnectionRegistry registry,
    FrameDispatcher dispatcher,
    SignIn signIn,
    RoomEntrance entrance,
    AccessTokens tokens,
    SocketTickets tickets,
    RoomAccess rooms,
    RoomLog log,
    IOptions<Limits> limits,
    IOptions<ConnectionsOptions> options,
    IOptions<AccountsOptions> accounts,
    RefusedHandshakes refusals,
    TimeProvider clock,
    ConnectionMetrics metrics,
    ILogger<Connection> logger)
{
    private static readonly ChatError NoCredential = new(ErrorCode.NotAuthenticated, "Bring an access token: Authorization: Bearer, the subprotocol skald.token.…, ?ticket= or ?token=.");

    private readonly ChatError _ticketRefused =
        new(ErrorCode.TokenNotValid, $"The ticket is wrong, used or older than {accounts.Value.TicketLifetime.TotalSeconds} s; ask for another.");

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapMethods("/ws", Handshake.Methods, (HttpContext context, SocketEndpoints sockets) => sockets.ServeAsync(context, roomName: null)).ExcludeFromDescription();
        endpoints.MapMethods("/ws/chat/{room}", Handshake.Methods, (HttpContext context, string room, SocketEndpoints sockets) => sockets.ServeAsync(context, room))
            .ExcludeFromDescription();
    }

    private async Task ServeAsync(HttpContext context, string? roomName)
    {
        if (Handshake.Check(context, options.Value) is { } notAHandshake)
        {
            Handshake.NameVersion(context.Response);
            await RefuseAsync(context, notAHandshake, notAHandshake.Code.Status);
            return;
        }

        var address = ClientAddress.Of(context);
        if (admission.TryEnter(address) is { } notAdmitted)
        {
            await RefuseAsync(context, notAdmitted, notAdmitted.Code.Status);
            return;
        }

        var served = false;
        try
        {
            if (await CheckAsync(context, roomName) is not { } entrant)
                return;
            var stream = await Handshake.AcceptAsync(context);
            served = true;
            if (options.Value.DirectSocket && !Handshake.IsStream(context) && SocketConnection.Of(context) is { } http)
                http.TakeOver((socket, unread) => ServePlainAsync(socket, unread, entrant, address));
            else
                await ServeAsync(NewConnection(new UpgradedStream(stream, context.Abort), default, entrant), entrant, address);
        }
        finally
        {
            if (!served)
                admission.Leave(address);
        }
    }

    /// <summary>Serves a socket whose request has ended.</summary>
    private async Task ServePlainAsync(PlainSocket socket, ReadOnlyMemory<byte> unread, Entrant entrant, string address)
    {
        using (socket)
        {
            try
            {
                socket.BeginWebSocket();
                await ServeAsync(NewConnection(socket, unread, entrant), entrant, address);
            }
            catch (Exception e)
            {
                // Nobody else would hear of it.
                Log.Ended(logger, entrant.User?.Id, e);
            }
        }
    }

    private Task ServeAsync(Connection connection, Entrant entrant, string address) =>
        ServeAsync(connection, address, EnterAsync(connection, entrant));

    /// <param name="address">What it was admitted as.</param>
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

    private Connection NewConnection(ISocket socket, ReadOnlyMemory<byte> unread, Entrant entrant) =>
        new(socket, unread, new Outbound(socket, log, limits.Value, clock), entrant.OnlyRoom, limits.Value, clock, metrics, logger) { SessionCheckAt = FirstSessionCheck() };

    /// <returns>Who comes in, and into which room; null when it was refused, and answered.</returns>
    private async Task<Entrant?> CheckAsync(HttpContext context, string? roomName)
    {
        var (user, error) = await AuthenticateAsync(context.Request);
        if (user is null && (error is not null || roomName is not null))
        {
            // The Django project answers every credential it does not accept, and none, with 403.
            await RefuseAsync(context, error ?? NoCredential, StatusCodes.Status403Forbidden);
            return null;
        }

        if (roomName is null)
            return new Entrant(user, null, null, WantsJoined: false);

        error = ReadPosition(context.Request, out var since, out var epoch);
        if (error is null && (await rooms.EnterAsync(user!.Value, roomName, RoomAction.Join)).TryGet(out var room, out error))
        {
            var join = new JoinCommand(default, room.Name, since ?? room.LastSeq, epoch);
            return new Entrant(user, room, join, WantsJoined: since is not null);
        }

        await RefuseAsync(context, error, error.Code.Status);
        return null;
    }

    private Task RefuseAsync(HttpContext context, ChatError error, int status)
    {
        context.Response.StatusCode = status;
        refusals.Note(context, error);
        var problem = Problems.Details(error);
        problem.Status = status;
        return TypedResults.Problem(problem).ExecuteAsync(context);
    }

    /// <returns>The user; or why the credential is refused; or neither, where there is none.</returns>
    private async ValueTask<(CurrentUser? User, ChatError? Error)> AuthenticateAsync(HttpRequest request)
    {
        if (request.Query.TryGetValue("ticket", out var ticket))
            return tickets.TryRedeem(ticket.ToString(), out var holder) ? (holder, null) : (null, _ticketRefused);

        var inQuery = request.Query["token"].ToString();
        if ((BearerAuthentication.TokenOf(request) ?? Subprotocol.TokenOf(request) ?? (inQuery.Length > 0 ? inQuery : null)) is not { } token)
            return (null, null);
        return (await tokens.ValidateAsync(token)).TryGet(out var user, out var error) ? (user, null) : (null, error);
    }

    /// <summary><c>?since=SEQ&amp;epoch=EPOCH</c> of the room socket; without, where the room is before the client can see the socket open.</summary>
    private static ChatError? ReadPosition(HttpRequest request, out long? since, out string? epoch)
    {
        since = null;
        epoch = request.Query["epoch"].ToString() is { Length: > 0 } log ? log : null;
        if (request.Query.TryGetValue("since", out var text))
        {
            if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seq))
                return new ChatError(ErrorCode.BadRequest, "since must be a seq: an integer from 0.");
            since = seq;
        }

        return null;
    }

    /// <summary>A session that has a valid access token was refreshed within that token's life: it cannot end before.</summary>
    private DateTimeOffset FirstSessionCheck() =>
        clock.GetUtcNow() + (accounts.Value.RefreshLifetime - accounts.Value.AccessLifetime - AccessTokens.ClockSkew);

    /// <param name="User">Who comes in; null where the socket will be told.</param>
    /// <param name="Join">Where in it to begin.</param>
    /// <param name="WantsJoined">Whether the client knows <c>joined</c>.</param>
    private sealed record Entrant(CurrentUser? User, Room? OnlyRoom, JoinCommand? Join, bool WantsJoined);

    private static partial class Log
    {
        [LoggerMessage(4003, LogLevel.Error, "A socket of user {UserId} ended by a fault of the server")]
        public static partial void Ended(ILogger logger, long? userId, Exception cause);
    }
}
