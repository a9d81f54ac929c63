using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>P-2, P-3, P-5: the plug is pulled while everybody sends.</summary>
public sealed class PowerCutTests
{
    [Fact]
    public async Task Acked_message_outlives_a_power_cut()
    {
        Assert.SkipWhen(CrashBox.WhyNot is not null, CrashBox.WhyNot ?? "");
        using var box = new CrashBox(256);
        await using var run = new CrashRun(Seed.Next(nameof(Acked_message_outlives_a_power_cut)), () => SkaldProcess.StartAsync(box.Data), senders: 4);
        for (var round = 0; round < Seed.Count(2, 20); round++)
            await run.LiveAndDieAsync(server => CutAsync(box, server));

        Checker.AssertNone(await run.JudgeAsync());
        Assert.Equal("ok", await run.CheckIntegrityAsync(box.Data));
    }

    [Theory]
    [InlineData(WeakHost.AcksFirst)]
    [InlineData(WeakHost.NoFullSync)]
    public async Task Server_that_does_not_wait_for_the_disk_turns_the_checker_red(string weakness)
    {
        Assert.SkipWhen(CrashBox.WhyNot is not null, CrashBox.WhyNot ?? "");
        using var box = new CrashBox(256);
        await using var run = new CrashRun(
            Seed.Next(nameof(Server_that_does_not_wait_for_the_disk_turns_the_checker_red)), () => WeakHost.StartAsync(box.Data, weakness), senders: 4);
        await run.LiveAndDieAsync(server => CutAsync(box, server));

        Assert.Contains(await run.JudgeAsync(), v => v.Promise == "P-1");
    }

    private static async Task CutAsync(CrashBox box, SkaldProcess server)
    {
        // Processor and disk lose their power at one instant. Here the disk's end takes a while, and what the server said meanwhile
        // would count: an fsync under way then may well return as if nothing were wrong.
        await server.FreezeAsync();
        box.Cut();
        await server.KillAsync();
        box.PowerOn();
    }
}
