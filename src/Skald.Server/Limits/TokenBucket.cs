using Skald.Protocol;

namespace Skald.Server.Limits;

/// <summary>Allows a rate and, after a rest, a burst. A plain value, so that it costs a connection 16 bytes and no timer.</summary>
internal struct TokenBucket
{
    private double _spent;
    private long _at;

    /// <summary>Takes what is asked for, if the rate allows it.</summary>
    /// <param name="amount">How much: 1 for an event, n for bytes.</param>
    /// <param name="perSecond">The rate; 0 allows everything.</param>
    /// <param name="burst">What may be taken at once.</param>
    /// <param name="retryAfter">When refused: how long until it would be allowed.</param>
    public bool TryTake(double amount, double perSecond, double burst, TimeProvider clock, out TimeSpan retryAfter)
    {
        retryAfter = TimeSpan.Zero;
        if (perSecond <= 0)
            return true;

        var now = clock.GetTimestamp();
        _spent = Math.Max(0, _spent - clock.GetElapsedTime(_at, now).TotalSeconds * perSecond);
        _at = now;
        // An amount larger than the whole burst passes when the bucket is full, or it would never pass.
        if (_spent > 0 && _spent + amount > burst)
        {
            retryAfter = TimeSpan.FromSeconds(Math.Min(_spent, _spent + amount - burst) / perSecond);
            return false;
        }

        _spent += amount;
        return true;
    }

    /// <summary>The answer to what a bucket did not allow, where the client is told in words how long to wait.</summary>
    /// <param name="what">What there is too much of: the sentence's beginning.</param>
    public static ChatError Refusal(string what, TimeSpan retryAfter) =>
        new(ErrorCode.RateLimited, $"{what}; wait {Math.Ceiling(retryAfter.TotalMilliseconds)} ms.") { RetryAfter = retryAfter };

    /// <summary>Whether nothing is left to remember: a bucket that is forgotten now starts the same.</summary>
    public readonly bool IsRested(double perSecond, TimeProvider clock) =>
        clock.GetElapsedTime(_at).TotalSeconds * perSecond >= _spent;
}
