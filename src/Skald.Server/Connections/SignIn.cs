using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Commands;
using Skald.Server.History;
using Skald.Server.Identity;

namespace Skald.Server.Connections;

/// <summary>Ties connections to their users: by the handshake's credential, or by <c>auth</c>.</summary>
internal sealed class SignIn(
    AccessTokens tokens, ConnectionRegistry registry, RoomLog log, IOptions<ConnectionLimits> limits, IOptions<WireLimits> wire)
{
    private static readonly ChatError AnotherUser = new(ErrorCode.Forbidden, "This connection belongs to another session; open a new one.");

    /// <summary>Ties a connection to its user, and tells it so; the room socket is told nothing.</summary>
    /// <returns>Null where it may not stay: it is closing.</returns>
    public SocketCaller? Welcome(Connection connection, CurrentUser user, FrameId re = default)
    {
        if (registry.SignIn(connection, user) is { } refused)
        {
            connection.Close(refused);
            return null;
        }

        if (connection.OnlyRoom is null)
            AnswerReady(connection, re, user);
        return connection.Caller;
    }

    /// <summary>Does what <c>auth</c> says; again, where the client refreshes what it shows.</summary>
    public async ValueTask AuthenticateAsync(Connection connection, AuthCommand auth)
    {
        if (!(await tokens.ValidateAsync(auth.Token)).TryGet(out var user, out var error))
        {
            connection.Answer(auth.Id, error);
            if (connection.Caller is null)
                connection.Close(CloseCode.TokenNotValid);
        }
        else if (connection.Caller is not { User: var known })
        {
            Welcome(connection, user, auth.Id);
        }
        else if (known.SessionId != user.SessionId)
        {
            connection.Answer(auth.Id, AnotherUser);
        }
        else
        {
            AnswerReady(connection, auth.Id, user);
        }
    }

    private void AnswerReady(Connection connection, FrameId re, CurrentUser user) =>
        connection.Answer(new ReadyFrame(re, user.Id, user.Username, log.Epoch, limits.Value.PingInterval, wire.Value.Protocol));
}
