using Skald.Protocol;
using Skald.Server.Accounts;

namespace Skald.Server.Connections;

/// <summary>One clock for all connections, about each second: a timer for each would cost more than the connection. It looks at those that are due.</summary>
internal sealed partial class Heartbeat(ConnectionRegistry registry, Sessions sessions, TimeProvider clock, ILogger<Heartbeat> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = clock.GetTimestamp();
        var due = new List<Connection>();
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var now = clock.GetElapsedTime(started);
            registry.TakeDue(now, due);
            foreach (var connection in due)
                registry.LookAgain(connection, now + await LookAfterAsync(connection));
            due.Clear();
        }
    }

    /// <returns>When to look again.</returns>
    private async ValueTask<TimeSpan> LookAfterAsync(Connection connection)
    {
        var rest = Tick(connection);
        if (connection.User is not { } user)
            return rest;
        if (connection.SessionCheckAt <= clock.GetUtcNow())
            await CheckSessionAsync(connection, user);
        var session = connection.SessionCheckAt - clock.GetUtcNow();
        return session < rest ? session : rest;
    }

    private TimeSpan Tick(Connection connection)
    {
        try
        {
            return connection.Tick();
        }
        catch (Exception e)
        {
            // It may have ended this moment. Whatever it is, the clock goes on for all others.
            Log.TickFailed(logger, connection.User?.Id, e);
            return Interval;
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
