using System.Diagnostics;

namespace Skald.Tests.Harness;

/// <summary>Prometheus' own tool, which judges what is made for it.</summary>
internal static class Promtool
{
    /// <returns>Its exit code, 0 where it has nothing to say against it, and what it said.</returns>
    public static async Task<(int ExitCode, string Said)> JudgeAsync(string input, params string[] arguments)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/promtool"), "promtool is not here; Debian has it in the package prometheus.");
        using var process = Process.Start(new ProcessStartInfo("promtool", arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync(Deadline.Token());
        return (process.ExitCode, await output + await error);
    }
}
