using System.Globalization;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.Delivery;
using Skald.Server.History;
using Skald.Server.Operations;
using Skald.Server.Rooms;

namespace Skald.Server.Connections;

/// <summary>The two sockets: <c>/ws/</c>, and the origin's <c>/ws/chat/{room}/</c>. Everything that can be refused is refused before the upgrade.</summary>
internal sealed class SocketEndpoints(
    Admission admission,
    ConnectionRegistry registry,
    FrameDispatcher dispatcher,
    AccessTokens tokens,
    SocketTickets tickets,
    RoomDirectory rooms,
    RoomLog log,
    IOptions<Limits> limits,
    IOptions<ConnectionsOptions> options,
    IOptions<AccountsOptions> accounts,
    IOptions<SocketTransportOptions> transport,
    TimeProvider clock,
    ConnectionMetrics metrics,
    ILogger<Connection> logger)
{
    private static readonly ChatError NoCredential = new(ErrorCode.NotAuthenticated, "Bring an access token: ?token=, Authorization: Bearer, or ?ticket=.");
    private static readonly ChatError TicketRefused = new(ErrorCode.TokenNotValid, "The ticket is wrong, used or older than 30 s; ask for another.");

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/ws", (HttpContext context, SocketEndpoints sockets) => sockets.ServeAsync(context, roomName: null)).ExcludeFromDescription();
        endpoints.MapGet("/ws/chat/{room}", (HttpContext context, string room, SocketEndpoints sockets) => sockets.ServeAsync(context, room))
            .ExcludeFromDescription();
    }

    private async Task ServeAsync(HttpContext context, string? roomName)
    {
        if (Handshake.Check(context, options.Value) is { } notAHandshake)
        {
            Handshake.NameVersion(context.Response);
            await Problems.WriteAsync(context, notAHandshake);
            return;
        }

        var address = ClientAddress.Of(context);
        if (admission.TryEnter(address) is { } notAdmitted)
        {
            await Problems.WriteAsync(context, notAdmitted);
            return;
        }

        try
        {
            await ServeAdmittedAsync(context, roomName);
        }
        finally
        {
            admission.Leave(address);
        }
    }

    private async Task ServeAdmittedAsync(HttpContext context, string? roomName)
    {
        var (user, error) = await AuthenticateAsync(context.Request);
        if (user is null && (error is not null || roomName is not null))
        {
            // The origin answers every credential it does not accept, and none, with 403.
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            await RefuseAsync(context, error ?? NoCredential);
            return;
        }

        Room? room = null;
        JoinCommand? join = null;
        if (roomName is not null)
        {
            (room, error) = await rooms.EnterAsync(user!.Value, roomName);
            error ??= ReadPosition(context.Request, room!, out join);
            if (error is not null)
            {
                await Problems.WriteAsync(context, error);
                return;
            }
        }

        var stream = await Handshake.AcceptAsync(context);
        var outbound = new Outbound(Writer(context, stream), log, limits.Value, clock);
        using var connection = new Connection(context, stream, outbound, room, limits.Value, clock, metrics, logger) { SessionCheckAt = FirstSessionCheck() };
        registry.Add(connection);
        try
        {
            if (user is { } known && dispatcher.Welcome(connection, known) && join is not null)
                await dispatcher.JoinAsync(connection, join, tell: context.Request.Query.ContainsKey("since"));
            await connection.ReadAsync(dispatcher);
        }
        finally
        {
            dispatcher.LeaveAll(connection);
            registry.Remove(connection);
        }
    }

    private static Task RefuseAsync(HttpContext context, ChatError error)
    {
        var problem = Problems.Details(error);
        problem.Status = context.Response.StatusCode;
        return TypedResults.Problem(problem).ExecuteAsync(context);
    }

    /// <returns>The user; or why the credential is refused; or neither, where there is none.</returns>
    private async ValueTask<(CurrentUser? User, ChatError? Error)> AuthenticateAsync(HttpRequest request)
    {
        if (request.Query.TryGetValue("ticket", out var ticket))
            return tickets.TryRedeem(ticket.ToString(), out var holder) ? (holder, null) : (null, TicketRefused);

        var token = BearerAuthentication.TokenOf(request) ?? request.Query["token"].ToString();
        if (token.Length == 0)
            return (null, null);
        return (await tokens.ValidateAsync(token)).TryGet(out var user, out var error) ? (user, null) : (null, error);
    }

    /// <summary><c>?since=SEQ&amp;epoch=EPOCH</c> of the room socket; without, where the room is before the client can see the socket open.</summary>
    private static ChatError? ReadPosition(HttpRequest request, Room room, out JoinCommand? join)
    {
        join = null;
        var since = room.LastSeq;
        if (request.Query.TryGetValue("since", out var text))
        {
            if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seq))
                return new ChatError(ErrorCode.BadRequest, "since must be a seq: an integer from 0.");
            since = seq;
        }

        var epoch = request.Query["epoch"].ToString();
        join = new JoinCommand(default, room.Name, since, epoch.Length > 0 ? epoch : null);
        return null;
    }

    /// <summary>The plain socket where there is one below us and nothing in between; else the stream.</summary>
    private ISocketWriter Writer(HttpContext context, Stream stream)
    {
        var features = context.Features;
        var plain = options.Value.DirectSocket
            && transport.Value.MaxWriteBufferSize == SendsBeforeUpgradeReturns
            && features.Get<ITlsHandshakeFeature>() is null;
        return plain && features.Get<IConnectionSocketFeature>() is { Socket: var socket }
            ? new PlainSocketWriter(socket)
            : new UpgradedStreamWriter(stream);
    }

    /// <summary>
    /// Kestrel's own writes end with the 101. With this size of buffer its flush returns when the socket has taken the bytes,
    /// so that no frame of ours can overtake them.
    /// </summary>
    public const long SendsBeforeUpgradeReturns = 1;

    /// <summary>A session that has a valid access token was refreshed within that token's life: it cannot end before.</summary>
    private DateTimeOffset FirstSessionCheck() =>
        clock.GetUtcNow() + (accounts.Value.RefreshLifetime - accounts.Value.AccessLifetime - AccessTokens.ClockSkew);
}
