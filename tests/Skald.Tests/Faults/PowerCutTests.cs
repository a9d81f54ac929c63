using System.Runtime.CompilerServices;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>P-2, P-3, P-5: the plug is pulled while everybody sends.</summary>
public sealed class PowerCutTests
{
    private const long Megabyte = 1_000_000;

    [Fact]
    public Task Acked_message_outlives_a_power_cut() => HoldsAsync(256, async (box, run) =>
    {
        for (var round = 0; round < Seed.Count(2, 20); round++)
            await run.LiveAndDieAsync(server => CutAsync(box, server));
    });

    [Fact]
    public Task Acked_message_outlives_a_power_cut_that_leaves_a_long_wal() =>
        HoldsAsync(512, (box, run) => run.LiveAndDieAsync(server => CutWithLongWalAsync(box, server)));

    [Fact]
    public Task Server_that_syncs_only_checkpoints_loses_a_long_wal() =>
        LosesAsync(512, data => WeakHost.StartAsync(data, WeakHost.NoFullSync), CutWithLongWalAsync);

    [Fact]
    public Task Acked_message_outlives_a_power_cut_in_the_midst_of_a_checkpoint() => HoldsAsync(512, async (box, run) =>
    {
        var wal = new WalFiles(box.Data);
        var inTheMidst = 0;
        // Not every cut hits one: chance, but for the beginning.
        for (var round = 0; inTheMidst < Seed.Count(1, 10) && round < Seed.Count(10, 100); round++)
        {
            await run.LiveAndDieAsync(async server =>
            {
                using (wal.HoldCheckpoints())
                    await Deadline.UntilAsync(() => wal.Length > 20 * Megabyte, "the WAL is long");
                var untouched = wal.DatabaseLength;
                await Deadline.UntilAsync(() => wal.DatabaseLength > untouched, "the checkpoint has begun");
                await CutAsync(box, server, () => inTheMidst += wal.IsCheckpointed ? 0 : 1);
            });
        }

        Assert.True(inTheMidst > 0, "No cut hit a checkpoint.");
    });

    /// <remarks>The disk itself lies, under the server as it ships: what nobody above can find out.</remarks>
    [Fact]
    public Task Disk_that_says_synced_and_did_not_turns_the_checker_red()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/eatmydata"), "eatmydata is what swallows an fsync.");
        return LosesAsync(256, data => SkaldProcess.StartAsync(data, "/usr/bin/eatmydata"), (box, server) => CutAsync(box, server));
    }

    [Fact]
    public Task Server_that_does_not_wait_for_the_disk_turns_the_checker_red() =>
        LosesAsync(256, data => WeakHost.StartAsync(data, WeakHost.AcksFirst), (box, server) => CutAsync(box, server));

    /// <summary>The server as it ships, through as many cuts as <paramref name="live"/> makes.</summary>
    private static Task HoldsAsync(int mebibytes, Func<CrashBox, CrashRun, Task> live, [CallerMemberName] string test = "") =>
        RunAsync(test, mebibytes, data => SkaldProcess.StartAsync(data), async (box, run) =>
        {
            await live(box, run);
            Checker.AssertNone(await run.JudgeAsync());
            Assert.Equal("ok", await run.CheckIntegrityAsync(box.Data));
        });

    /// <summary>A weaker server, or a weaker disk under it, through one cut.</summary>
    private static Task LosesAsync(
        int mebibytes, Func<string, Task<SkaldProcess>> start, Func<CrashBox, SkaldProcess, Task> cut, [CallerMemberName] string test =
            "") =>
        RunAsync(test, mebibytes, start, async (box, run) =>
        {
            await run.LiveAndDieAsync(server => cut(box, server));
            Assert.Contains(await run.JudgeAsync(), v => v.Promise == "P-1");
        });

    private static async Task RunAsync(
        string test, int mebibytes, Func<string, Task<SkaldProcess>> start, Func<CrashBox, CrashRun, Task> act)
    {
        Assert.SkipWhen(CrashBox.WhyNot is not null, CrashBox.WhyNot ?? "");
        using var box = new CrashBox(mebibytes);
        await using var run = new CrashRun(Seed.Next(test), () => start(box.Data), senders: 4);
        await act(box, run);
    }

    private static async Task CutWithLongWalAsync(CrashBox box, SkaldProcess server)
    {
        var wal = new WalFiles(box.Data);
        using (wal.HoldCheckpoints())
        {
            await Deadline.UntilAsync(() => wal.Length > Seed.Count(20, 100) * Megabyte, "the WAL is long");
            await server.FreezeAsync();
        }

        await CutAsync(box, server);
    }

    private static async Task CutAsync(CrashBox box, SkaldProcess server, Action? before = null)
    {
        // Processor and disk lose their power at one instant. Here the disk's end takes a while, and what the server said meanwhile
        // would count: an fsync under way then may well return as if nothing were wrong.
        await server.FreezeAsync();
        before?.Invoke();
        box.Cut();
        await server.KillAsync();
        await box.PowerOnAsync();
    }
}
