using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>P-1, P-3, P-5: <c>kill -9</c> at any instant.</summary>
public sealed class KillTests
{
    private static readonly TimeSpan MostToStart = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Acked_message_outlives_the_server_that_acked_it()
    {
        var data = TestData.NewDirectory();
        await using var run = new CrashRun(
            Seed.Next(nameof(Acked_message_outlives_the_server_that_acked_it)),
            () => SkaldProcess.StartAsync(data));
        for (var round = 0; round < Seed.Count(3, 20); round++)
            await run.LiveAndDieAsync(server => server.KillAsync());

        Checker.AssertNone(await run.JudgeAsync());
        Assert.Equal("ok", await run.CheckIntegrityAsync(data));
        // What a process takes to start on a busy machine is not what recovery takes.
        Assert.True(
            run.SlowestStart < MostToStart || run.SlowestStart < 5 * run.FirstStart,
            $"It took {run.SlowestStart} to be ready again.");
        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task Server_that_acks_before_it_commits_turns_the_checker_red()
    {
        var data = TestData.NewDirectory();
        await using var run = new CrashRun(
            Seed.Next(nameof(Server_that_acks_before_it_commits_turns_the_checker_red)), () =>
                WeakHost.StartAsync(data, WeakHost.AcksFirst));
        await run.LiveAndDieAsync(server => server.KillAsync());

        Assert.Contains(await run.JudgeAsync(), v => v.Promise == "P-1");
        Directory.Delete(data, recursive: true);
    }
}
