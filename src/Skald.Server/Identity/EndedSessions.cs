using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Skald.Protocol;

namespace Skald.Server.Identity;

/// <summary>
/// The sessions that ended so lately that an access token of theirs may still be in its time. Asked at every request, in memory.
/// </summary>
/// <remarks>As large as the number of revocations in one access lifetime: each takes a login, and those are limited.</remarks>
internal sealed class EndedSessions(IOptions<IdentityOptions> options, TimeProvider clock)
{
    private readonly ConcurrentDictionary<long, Timestamp> _endedAt = new();
    private long _sweptAt = clock.GetTimestamp();

    /// <summary>
    /// How long an ended session is remembered: no access token that it gave out works longer. The minute is for a token that was
    /// being made while the session ended, and for steps of the clock.
    /// </summary>
    public TimeSpan Memory { get; } = options.Value.AccessLifetime + AccessTokens.ClockSkew + TimeSpan.FromMinutes(1);

    /// <summary>
    /// When a backup became the database, if one did. What began between that backup and then is not known here, and user ids may be
    /// given out again: so no access token from before is believed.
    /// </summary>
    public Timestamp Restored { get; set; }

    public bool Contains(long sessionId) => _endedAt.ContainsKey(sessionId);

    public void Add(long sessionId, Timestamp endedAt)
    {
        _endedAt[sessionId] = endedAt;
        Sweep();
    }

    /// <summary>Forgets what is older than <see cref="Memory"/>, once in that time.</summary>
    private void Sweep()
    {
        var sweptAt = Volatile.Read(ref _sweptAt);
        if (clock.GetElapsedTime(sweptAt) < Memory ||
            Interlocked.CompareExchange(ref _sweptAt, clock.GetTimestamp(), sweptAt) != sweptAt)
            return;
        var oldest = Timestamp.From(clock.GetUtcNow() - Memory).Microseconds;
        foreach (var (sessionId, endedAt) in _endedAt)
        {
            if (endedAt.Microseconds < oldest)
                _endedAt.TryRemove(sessionId, out _);
        }
    }
}
