using System.Globalization;

namespace Skald.Tests.Harness;

/// <summary>A command under strace, which ends it with SIGKILL at a moment of its own: one of its system calls.</summary>
internal static class KilledAt
{
    /// <summary>What a shell calls the end by SIGKILL.</summary>
    public const int ExitCode = 137;

    /// <param name="call">As <c>fsync</c>.</param>
    /// <param name="nth">The first is 1; where there are fewer, it comes to its end.</param>
    /// <returns>The words in front of the command.</returns>
    public static string[] Call(string call, int nth)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/strace"), "strace is what kills at a moment.");
        var inject = string.Create(CultureInfo.InvariantCulture, $"inject={call}:signal=SIGKILL:when={nth}");
        return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", $"trace={call}", "-e", inject];
    }
}
