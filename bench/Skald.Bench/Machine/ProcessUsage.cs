using System.Globalization;

namespace Skald.Bench.Machine;

/// <summary>What the kernel has charged to a process so far (proc(5)).</summary>
internal static class ProcessUsage
{
    /// <summary>USER_HZ, in which <c>/proc</c> counts CPU time: 100 on x86-64, whatever the kernel's own tick is.</summary>
    private const long TicksPerSecond = 100;

    /// <summary>User and system time in nanoseconds, in steps of 10 ms.</summary>
    public static long CpuTime(int process) => CpuTime(process, withEnded: false);

    private static long CpuTime(int process, bool withEnded)
    {
        // The name of the program, in brackets, may contain anything; the fields are counted from behind it: utime is 14, stime 15,
        // and cutime and cstime, those of children that have ended, the two after them.
        var stat = File.ReadAllText($"/proc/{process}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = fields[11..(withEnded ? 15 : 13)].Sum(field => long.Parse(field, CultureInfo.InvariantCulture));
        return ticks * (Clock.Second / TicksPerSecond);
    }

    /// <summary>The same of a process, of its children and of those that have ended.</summary>
    public static long CpuTimeWithChildren(int process)
    {
        var total = CpuTime(process, withEnded: true);
        var children = File.ReadAllText($"/proc/{process}/task/{process}/children");
        foreach (var child in children.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            try
            {
                total += CpuTime(int.Parse(child, CultureInfo.InvariantCulture));
            }
            catch (IOException)
            {
                // It has ended since it was listed.
            }
        }

        return total;
    }

    /// <summary>What all processes together, the kernel and a hypervisor's other guests have had of all cores, in nanoseconds.</summary>
    public static long MachineCpuTime()
    {
        // proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal. All but idle and iowait are gone.
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int[] busy = [1, 2, 3, 6, 7, 8];
        return busy.Sum(field => long.Parse(fields[field], CultureInfo.InvariantCulture)) * (Clock.Second / TicksPerSecond);
    }

    /// <summary>The most that was resident, in MiB, since the last <see cref="ForgetPeak"/>.</summary>
    public static double PeakResident(int process) =>
        Mebibytes(File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)));

    public static void ForgetPeak(int process) => File.WriteAllText($"/proc/{process}/clear_refs", "5");

    /// <summary>Memory in MiB: what is resident, and that with shared pages counted by their share.</summary>
    public static (double Resident, double Proportional) Memory(int process)
    {
        double resident = 0, proportional = 0;
        foreach (var line in File.ReadLines($"/proc/{process}/smaps_rollup"))
        {
            if (line.StartsWith("Rss:", StringComparison.Ordinal))
                resident = Mebibytes(line);
            else if (line.StartsWith("Pss:", StringComparison.Ordinal))
                proportional = Mebibytes(line);
        }

        return (resident, proportional);
    }

    private static double Mebibytes(string line) =>
        long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
}
