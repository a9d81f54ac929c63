using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Commands;

namespace Skald.Server.Connections;

/// <summary>Finds who does what a frame says. Called by the connection's read loop, one frame after the other.</summary>
internal sealed partial class FrameDispatcher(
    CommandTable commands, SignIn signIn, IOptions<WireLimits> limits, ILogger<FrameDispatcher> logger)
{
    private static readonly ChatError NotAuthenticated =
        new(ErrorCode.NotAuthenticated, "Authenticate first: send auth with an access token.");

    private readonly ProtocolLimits _limits = limits.Value.Protocol;

    /// <param name="connection">Where the frame came from, and where answers go.</param>
    /// <param name="frame">A text frame's payload: valid UTF-8, valid during the call.</param>
    public async ValueTask DispatchAsync(Connection connection, ReadOnlyMemory<byte> frame)
    {
        var command = connection.OnlyRoom is { } room
            ? SendCommand.ReadRoomFrame(frame.Span, room.Name, _limits, out var error, out var id)
            : ClientCommand.Read(frame.Span, _limits, out error, out id);
        if (error?.Code == ErrorCode.Malformed)
        {
            connection.Answer(id, error);
            connection.Close(CloseCode.Malformed);
        }
        else if (connection.TryTakeCommand(id))
        {
            if (error is not null)
                connection.Answer(id, error);
            else if (command is not null)
                await RunAsync(connection, command);
        }
    }

    private async ValueTask RunAsync(Connection connection, ClientCommand command)
    {
        try
        {
            if (command is AuthCommand auth)
                await signIn.AuthenticateAsync(connection, auth);
            else if (connection.Caller is { } caller)
                await commands.RunAsync(caller, command);
            else
                connection.Answer(command.Id, NotAuthenticated);
        }
        catch (Exception e)
        {
            Log.Failed(logger, command.GetType().Name, e);
            connection.Close(CloseCode.ServerError);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(4010, LogLevel.Error, "{Command} failed")]
        public static partial void Failed(ILogger logger, string command, Exception cause);
    }
}
