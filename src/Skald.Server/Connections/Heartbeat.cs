using Skald.Server.Operations;

namespace Skald.Server.Connections;

/// <summary>
/// One clock for all connections, about each second: a timer for each would cost more than the connection. It looks at those that are
/// due.
/// </summary>
/// <remarks>It waits for nothing but its next tick. What has to be read from disk is left to <see cref="SessionWatch"/>.</remarks>
internal sealed partial class Heartbeat(ConnectionRegistry registry, SessionWatch sessions, TimeProvider clock, ILogger<Heartbeat> logger)
    : NodeLoop
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = clock.GetTimestamp();
        var due = new List<Connection>();
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var now = clock.GetElapsedTime(started);
            registry.CollectDue(now, due);
            foreach (var connection in due)
                registry.CheckAgain(connection, now + CheckAfter(connection));
            due.Clear();
        }
    }

    /// <returns>When to look again.</returns>
    private TimeSpan CheckAfter(Connection connection)
    {
        var rest = Tick(connection);
        if (connection.User is null)
            return rest;
        var session = connection.SessionCheckAt - clock.GetUtcNow();
        if (session <= TimeSpan.Zero)
            session = sessions.TryCheck(connection) ? TimeSpan.MaxValue : Interval;
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

    private static partial class Log
    {
        [LoggerMessage(4021, LogLevel.Debug, "A socket of user {UserId} could not be looked after")]
        public static partial void TickFailed(ILogger logger, long? userId, Exception cause);
    }
}
