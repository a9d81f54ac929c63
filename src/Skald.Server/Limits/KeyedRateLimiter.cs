namespace Skald.Server.Limits;

/// <summary>
/// A <see cref="TokenBucket"/> for each user, room or address. Bounded: it forgets keys that are at rest first, and never refuses a key
/// for lack of room.
/// </summary>
/// <param name="perSecond">The rate of one key; 0 allows everything.</param>
/// <param name="burst">What one key may take at once.</param>
/// <param name="maxKeys">How many keys are remembered at most.</param>
internal sealed class KeyedRateLimiter<TKey>(double perSecond, double burst, TimeProvider clock, int maxKeys = 100_000)
    where TKey : notnull
{
    private readonly Lock _gate = new();
    private readonly Dictionary<TKey, TokenBucket> _buckets = [];

    public bool TryTake(TKey key, out TimeSpan retryAfter)
    {
        retryAfter = TimeSpan.Zero;
        if (perSecond <= 0)
            return true;
        lock (_gate)
        {
            if (_buckets.Count >= maxKeys && !_buckets.ContainsKey(key))
                Forget();
            ref var bucket = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_buckets, key, out _);
            return bucket.TryTake(1, perSecond, burst, clock, out retryAfter);
        }
    }

    private void Forget()
    {
        foreach (var (key, bucket) in _buckets)
        {
            if (bucket.IsRested(perSecond, clock))
                _buckets.Remove(key);
        }

        // All are busy: a flood from more addresses than are remembered. Starting anew costs each of them one burst.
        if (_buckets.Count >= maxKeys)
            _buckets.Clear();
    }
}
