using System.Numerics;

namespace Skald.Bench.Load;

/// <summary>
/// Counts latencies in nanoseconds. Up to 255 ns each value has its own bucket; above, each power of two is cut in 128 buckets, so
/// that a value is kept to better than 0.8 %. Recording allocates nothing. One writer.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int BucketBits = 7;
    private const int BucketsPerPower = 1 << BucketBits;

    private readonly long[] _counts = new long[(64 - BucketBits) * BucketsPerPower];

    public long Count { get; private set; }

    public void Record(long nanoseconds)
    {
        _counts[Bucket(Math.Max(nanoseconds, 0))]++;
        Count++;
    }

    public void Add(LatencyHistogram other)
    {
        for (var i = 0; i < _counts.Length; i++)
            _counts[i] += other._counts[i];
        Count += other.Count;
    }

    /// <summary>
    /// The latency that <paramref name="share"/> (0–1) of all did not exceed, in nanoseconds; 0 when nothing was recorded.
    /// </summary>
    public long Percentile(double share)
    {
        var rank = (long)Math.Ceiling(share * Count);
        for (var i = 0; i < _counts.Length; i++)
        {
            rank -= _counts[i];
            if (rank <= 0 && _counts[i] > 0)
                return MiddleOf(i);
        }

        return 0;
    }

    private static int Bucket(long value)
    {
        var power = Math.Max(0, BitOperations.Log2((ulong)value) - BucketBits);
        return (power << BucketBits) + (int)(value >> power);
    }

    private static long MiddleOf(int bucket)
    {
        var power = Math.Max(0, (bucket >> BucketBits) - 1);
        var step = 1L << power;
        return ((bucket - ((long)power << BucketBits)) * step) + (step / 2);
    }
}
