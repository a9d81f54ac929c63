using System.Globalization;

namespace Skald.Tests.Harness;

/// <summary>A control group below the test's own that lets a process have only so much memory, and kills it when it takes more.</summary>
internal sealed class MemoryBox : IDisposable
{
    private const string Root = "/sys/fs/cgroup/memory";

    private readonly string? _group;

    /// <param name="bytes">What it lets the process have. Where groups cannot be made, nothing: then the test still measures.</param>
    public MemoryBox(long bytes)
    {
        var own = File.ReadLines("/proc/self/cgroup").Select(line => line.Split(':', 3)).SingleOrDefault(parts => parts[1] == "memory")?[2];
        var parent = own is null ? null : Root + own;
        if (parent is null || !Directory.Exists(parent) || Environment.UserName != "root")
            return;
        _group = Directory.CreateDirectory(Path.Combine(parent, $"skald-test-{Environment.ProcessId}-{Guid.NewGuid():N}")).FullName;
        File.WriteAllText(Path.Combine(_group, "memory.limit_in_bytes"), bytes.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The command that runs another within it.</summary>
    public string[] Under => _group is null ? [] : ["sh", "-c", $"echo $$ > {_group}/cgroup.procs && exec \"$@\"", "sh"];

    public void Dispose()
    {
        if (_group is not null)
            Directory.Delete(_group);
    }
}
