using Skald.Server.Limits;

namespace Skald.Server.Connections;

/// <summary>How fast a connection's frames come, and for how long they have come too fast.</summary>
/// <remarks>A field of the connection: it is not copied.</remarks>
internal struct FloodAccount(ConnectionLimits limits, TimeProvider clock)
{
    /// <summary>Excess counts as unbroken while it comes again within this time.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(1);

    private TokenBucket _commands;
    private long _excessSince, _excessAt;   // 0: there was none

    /// <summary>Whether one more command may be taken now.</summary>
    /// <param name="wait">When not: how long until one may.</param>
    public bool TryTake(out TimeSpan wait) => _commands.TryTake(1, limits.CommandsPerConnection, limits.CommandBurst, clock, out wait);

    /// <summary>Something came too fast.</summary>
    /// <returns>Whether that has gone on for longer than it may.</returns>
    public bool NoteExcess()
    {
        var now = clock.GetTimestamp();
        if (_excessAt == 0 || clock.GetElapsedTime(_excessAt, now) > Memory)
            _excessSince = now;
        _excessAt = now;
        return clock.GetElapsedTime(_excessSince, now) > limits.FloodTime;
    }
}
