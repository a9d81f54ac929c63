using System.Threading.Channels;
using Skald.Protocol;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Operations;

namespace Skald.Server.Connections;

/// <summary>
/// Looks up the sessions of sockets that may have expired, one after the other, and closes the sockets of those that have.
/// </summary>
/// <remarks>
/// Apart from <see cref="Heartbeat"/>: while the disk stalls, every peer is still pinged, and slow and dead ones are still found.
/// </remarks>
internal sealed partial class SessionWatch(
    ConnectionRegistry registry, SessionLifecycle sessions, TimeProvider clock, ILogger<SessionWatch> logger)
    : NodeLoop
{
    /// <summary>Sockets that may wait for their check. Those beyond it come again with a later tick.</summary>
    private const int MostWaiting = 1_024;

    /// <summary>How long a session that could not be looked up is left alone.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly Channel<Connection> _waiting =
        Channel.CreateBounded<Connection>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private bool _failing;   // said once, until a session can be looked up again

    /// <summary>Has the session of a socket looked up, soon.</summary>
    /// <returns>False where too many wait: ask again.</returns>
    public bool TryCheck(Connection connection)
    {
        if (!_waiting.Writer.TryWrite(connection))
            return false;
        connection.SessionCheckAt = DateTimeOffset.MaxValue;   // until it was looked up
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var connection in _waiting.Reader.ReadAllAsync(stoppingToken))
            await CheckAsync(connection);
    }

    private async Task CheckAsync(Connection connection)
    {
        try
        {
            if (await sessions.GetExpiryAsync(connection.User!.Value.SessionId) is { } expiry)
                connection.SessionCheckAt = expiry;
            else
                connection.Close(CloseCode.TokenNotValid);
            _failing = false;
        }
        catch (Exception e)
        {
            connection.SessionCheckAt = clock.GetUtcNow() + RetryAfter;
            if (!_failing)
                Log.NotChecked(logger, e);
            _failing = true;
        }

        registry.CheckAgain(connection, TimeSpan.MinValue);
    }

    private static partial class Log
    {
        [LoggerMessage(
            4020, LogLevel.Warning, "Sessions cannot be looked up; sockets of those that may have expired stay open until they can")]
        public static partial void NotChecked(ILogger logger, Exception cause);
    }
}
