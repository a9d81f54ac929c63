using System.Diagnostics;
using Skald.Tests.Harness;

namespace Skald.Tests.Operations;

/// <summary>The program as it is started by hand.</summary>
public sealed class ProgramTests
{
    [Fact]
    public async Task It_does_not_watch_its_working_directory_where_the_database_is_written()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Threads have names in /proc.");
        using var data = new TestDirectory();
        await using var server = await SkaldProcess.StartAsync(data.Path);

        Assert.Contains("log writer", server.ThreadNames());
        Assert.DoesNotContain(server.ThreadNames(), name => name.Contains("File Watch", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Metrics_port_that_is_taken_is_said_in_a_sentence()
    {
        using var data = new TestDirectory();
        await using var first = await SkaldServer.StartAsync([Scrape.On]);
        using var program = Process.Start(new ProcessStartInfo(
            "dotnet", [typeof(Server.SkaldHost).Assembly.Location, "--urls", "http://127.0.0.1:0", "--data", data.Path, "--Metrics:Listen", first.OperatorAddress().ToString()])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        _ = program.StandardOutput.ReadToEndAsync();

        var error = await program.StandardError.ReadToEndAsync().Within();
        await program.WaitForExitAsync(Deadline.Token());

        Assert.Equal(1, program.ExitCode);
        Assert.StartsWith("Skald does not start. Metrics cannot be served at http://127.0.0.1:", error, StringComparison.Ordinal);
        Assert.Contains("Metrics:Listen", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }
}
