namespace Skald.Server.Connections;

/// <summary>Whether the peer is still there: who is silent is pinged, and who does not answer is dead.</summary>
/// <remarks>A field of the connection: it is not copied.</remarks>
internal struct Liveness(ConnectionLimits limits, TimeProvider clock)
{
    private long _pingedAt;   // 0: no ping waits for an answer

    /// <param name="silence">Since the peer's last byte.</param>
    /// <param name="ping">Whether to ping it now.</param>
    /// <returns>When to look again; below zero where the peer is dead.</returns>
    public TimeSpan Look(TimeSpan silence, out bool ping)
    {
        ping = false;
        if (silence < limits.PingInterval)
        {
            _pingedAt = 0;
            return limits.PingInterval - silence;
        }

        if (_pingedAt == 0)
        {
            _pingedAt = clock.GetTimestamp();
            ping = true;
        }

        return limits.PingTimeout - clock.GetElapsedTime(_pingedAt);
    }
}
