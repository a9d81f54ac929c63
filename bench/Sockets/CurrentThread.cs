using System.ComponentModel;
using System.Globalization;

namespace Skald.Bench.Sockets;

/// <summary>What the kernel lets a thread ask for itself.</summary>
public static unsafe class CurrentThread
{
    /// <summary>The highest core that can be named, and one more.</summary>
    private const int MaxCores = 1024;

    /// <summary>Keeps the calling thread on some cores.</summary>
    public static void RunOn(IEnumerable<int> cores) => Pin(0, cores);

    /// <summary>Keeps every thread of this process on some cores; threads to come inherit it from the one that starts them.</summary>
    public static void RunProcessOn(IReadOnlyCollection<int> cores)
    {
        foreach (var thread in Directory.EnumerateDirectories("/proc/self/task"))
            Pin(int.Parse(Path.GetFileName(thread), CultureInfo.InvariantCulture), cores);
    }

    /// <summary>Lets timers of the calling thread fire on time; the kernel's default rounds them up by 50 µs to save power.</summary>
    public static void WakePrecisely()
    {
        if (Libc.ProcessControl(Libc.PrSetTimerSlack, 1, 0, 0, 0) < 0)
            throw new Win32Exception();
    }

    private static void Pin(int thread, IEnumerable<int> cores)
    {
        var mask = stackalloc ulong[MaxCores / 64];
        new Span<ulong>(mask, MaxCores / 64).Clear();
        foreach (var core in cores)
            mask[core / 64] |= 1UL << (core % 64);
        if (Libc.SetAffinity(thread, MaxCores / 8, mask) < 0)
            throw new Win32Exception();
    }
}
