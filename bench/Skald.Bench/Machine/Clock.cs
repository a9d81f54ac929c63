using System.Diagnostics;

namespace Skald.Bench.Machine;

/// <summary>The monotonic clock, in nanoseconds; all times of the bench are its.</summary>
internal static class Clock
{
    public const long Millisecond = 1_000_000;
    public const long Second = 1_000_000_000;

    /// <summary>On Linux a tick of <see cref="Stopwatch"/> is a nanosecond.</summary>
    public static long Now => Stopwatch.GetTimestamp();

    public static double SecondsSince(long start) => (Now - start) / (double)Second;
}
