using Skald.Protocol;
using Skald.Server.Accounts;

namespace Skald.Server.Connections;

/// <summary>One clock for all connections, about each second: a timer for each would cost more than the connection.</summary>
internal sealed partial class Heartbeat(ConnectionRegistry registry, Sessions sessions, TimeProvider clock, ILogger<Heartbeat> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var now = clock.GetUtcNow();
            foreach (var connection in registry.All)
            {
                Tick(connection);
                if (connection.SessionCheckAt <= now && connection.User is { } user)
                    await CheckSessionAsync(connection, user);
            }
        }
    }

    private void Tick(Connection connection)
    {
        try
        {
            connection.Tick();
        }
        catch (Exception e)
        {
            // It may have ended this moment. Whatever it is, the clock goes on for all others.
            Log.TickFailed(logger, connection.User?.Id, e);
        }
    }

    private async Task CheckSessionAsync(Connection connection, CurrentUser user)
    {
        try
        {
            if (await sessions.GetExpiryAsync(user.SessionId) is { } expiry)
                connection.SessionCheckAt = expiry;
            else
                connection.Close(CloseCode.TokenNotValid);
        }
        catch (Exception e)
        {
            Log.NotChecked(logger, user.SessionId, e);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(4021, LogLevel.Debug, "A socket of user {UserId} could not be looked after")]
        public static partial void TickFailed(ILogger logger, long? userId, Exception cause);

        [LoggerMessage(4020, LogLevel.Warning, "Session {SessionId} could not be looked up; its socket stays open until it can")]
        public static partial void NotChecked(ILogger logger, long sessionId, Exception cause);
    }
}
