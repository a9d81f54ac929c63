using System.Globalization;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Http;
using Skald.Server.Limits;
using Skald.Server.Rooms;
using Skald.Server.Transport;

namespace Skald.Server.Connections;

/// <summary>
/// The two sockets: <c>/ws/</c>, and the Django project's <c>/ws/chat/{room}/</c>. Everything that can be refused is refused before the
/// upgrade.
/// </summary>
internal sealed class SocketEndpoints(
    Admission admission,
    HandshakeCredential credential,
    RoomAccess rooms,
    SocketServer server,
    RefusedHandshakes refusals,
    IOptions<ConnectionsOptions> options)
{
    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapMethods(
            "/ws",
            Handshake.Methods,
            (HttpContext context, SocketEndpoints sockets) => sockets.ServeAsync(context, roomName: null)).ExcludeFromDescription();
        endpoints.MapMethods(
            "/ws/chat/{room}",
            Handshake.Methods,
            (HttpContext context, string room, SocketEndpoints sockets) => sockets.ServeAsync(context, room))
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
                http.TakeOver((socket, unread) => server.ServePlainAsync(socket, unread, entrant, address));
            else
                await server.ServeAsync(new UpgradedStream(stream, context.Abort), unread: default, entrant, address);
        }
        finally
        {
            if (!served)
                admission.Leave(address);
        }
    }

    /// <returns>Who comes in, and into which room; null when it was refused, and answered.</returns>
    private async Task<Entrant?> CheckAsync(HttpContext context, string? roomName)
    {
        var read = await credential.ReadAsync(context.Request);
        if (read is null && roomName is null)
            return new Entrant(null, null, null, WantsJoined: false);   // auth will say who it is

        if (!(read ?? HandshakeCredential.None).TryGet(out var user, out var error))
        {
            // The Django project answers every credential it does not accept, and none, with 403.
            await RefuseAsync(context, error, StatusCodes.Status403Forbidden);
            return null;
        }

        if (roomName is null)
            return new Entrant(user, null, null, WantsJoined: false);

        error = ReadPosition(context.Request, out var since, out var epoch);
        if (error is null && (await rooms.EnterAsync(user, roomName, RoomAction.Join)).TryGet(out var entered, out error))
        {
            var room = entered.Room;
            var join = new JoinCommand(default, room.Name, since ?? Math.Max(room.LastSeq, entered.FirstSeq(user) - 1), epoch);
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

    /// <summary>
    /// <c>?since=SEQ&amp;epoch=EPOCH</c> of the room socket; without, where the room is before the client can see the socket open.
    /// </summary>
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
}
