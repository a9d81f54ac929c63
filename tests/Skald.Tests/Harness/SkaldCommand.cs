using System.Diagnostics;

namespace Skald.Tests.Harness;

/// <summary>The built program run for a command, as an operator runs it.</summary>
internal sealed record SkaldCommand(int ExitCode, string Output, string Error)
{
    /// <summary>The built program, for <c>dotnet</c> to run.</summary>
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "skald.dll");

    public static Task<SkaldCommand> RunAsync(params string[] arguments) => RunAsync([], arguments);

    /// <summary>The same, with a line that it may read.</summary>
    public static Task<SkaldCommand> TellAsync(string line, params string[] arguments) => RunAsync([], arguments, line);

    /// <param name="under">A command that runs it, and its arguments: a tracer, for example.</param>
    /// <param name="line">What stands on its standard input.</param>
    public static async Task<SkaldCommand> RunAsync(string[] under, string[] arguments, string line = "")
    {
        string[] command = [.. under, "dotnet", Program, .. arguments];
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        await process.StandardInput.WriteLineAsync(line);
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await process.WaitForExitAsync(Deadline.Token());
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"It has not ended: {await output}{await error}");
        }

        return new SkaldCommand(process.ExitCode, await output, await error);
    }

    public SkaldCommand AssertDone()
    {
        Assert.True(ExitCode == 0, Error);
        return this;
    }

    /// <summary>It did nothing, and says why in one sentence that holds these words.</summary>
    public void AssertRefused(params string[] words)
    {
        Assert.Equal(1, ExitCode);
        Assert.All(words, word => Assert.Contains(word, Error, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);   // no stack trace
        Assert.Single(Error.Trim().Split('\n'));
    }
}
