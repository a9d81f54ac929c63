using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
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
    [Attack("A-19")]
    public async Task Threads_that_hash_passwords_stand_behind_all_others()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Niceness of a thread is Linux's.");
        const int Nicest = 19;
        using var data = new TestDirectory();
        await using var server = await SkaldProcess.StartAsync(data.Path);
        await server.SignInAsync("ann");

        var others = Assert.Single(server.Niceness("log writer"));
        Assert.All(server.Niceness("password hash"), hashing => Assert.Equal(Math.Min(others + 10, Nicest), hashing));
        Assert.NotEmpty(server.Niceness("password hash"));
    }

    [Fact]
    [Attack("A-58")]
    public async Task What_it_runs_on_is_said_at_start_and_to_its_operator_and_to_nobody_else()
    {
        await using var server = await SkaldServer.StartAsync([Scrape.On]);

        var health = await server.Http.GetFromJsonAsync<JsonElement>(new Uri(server.OperatorAddress(), "/healthz"));
        var libraries = health.GetProperty("libraries").EnumerateObject()
            .ToDictionary(library => library.Name, library => library.Value.GetString()!);

        Assert.Equal([OperatingSystem.IsLinux() ? "OpenSSL" : "System", "SQLite"], libraries.Keys.Order(StringComparer.Ordinal));
        Assert.Matches(@"^3\.\d+\.\d+$", libraries["SQLite"]);
        Assert.Single(
            server.Log.Lines,
            line => libraries.All(library => line.Contains($"{library.Key} {library.Value}", StringComparison.Ordinal)));
        Assert.DoesNotContain(libraries["SQLite"], await server.Http.GetStringAsync("/healthz"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_port_that_is_taken_is_said_in_a_sentence()
    {
        using var data = new TestDirectory();
        await using var first = await SkaldServer.StartAsync([Scrape.On]);
        using var program = Process.Start(new ProcessStartInfo(
            "dotnet",
            [SkaldCommand.Program, "--urls", "http://127.0.0.1:0", "--data", data.Path,
             "--Metrics:Listen", first.OperatorAddress().ToString()])
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
