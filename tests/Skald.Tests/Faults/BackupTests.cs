using System.Runtime.CompilerServices;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>P-34 and P-12: a backup taken while everybody sends, and what clients are told by the server that it becomes.</summary>
public sealed class BackupTests : IDisposable
{
    private readonly BackupPlace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Backup_under_load_restores_to_every_message_that_was_acked_before_it_began()
    {
        for (var round = 0; round < Seed.Count(1, 10); round++)
        {
            using var place = new BackupPlace();
            await RunAsync(
                place,
                async () => (await place.BackUpAsync()).AssertDone(),
                async () => (await place.RestoreAsync()).AssertDone(),
                async run =>
                {
                    Checker.AssertNone(await run.JudgeAsync());
                    // 100 % explicit: each had a place in the log before, and each is told that this is another log.
                    Assert.All(
                        run.LastJoins,
                        joined =>
                            Assert.Equal((true, true, false), (joined.Asked > 0, joined.AskedEpoch != joined.Epoch, joined.Complete)));
                    Assert.Equal("ok", await run.CheckIntegrityAsync(place.Restored));
                });
        }
    }

    [Fact]
    public Task Plain_copy_of_the_database_turns_the_checker_red() => RunAsync(
        _place,
        () =>
        {
            Directory.CreateDirectory(_place.Restored);
            File.Copy(_place.Data.Database, Path.Combine(_place.Restored, "skald.db"));
            return Task.CompletedTask;
        },
        () => Task.CompletedTask,
        async run => Assert.Contains(await run.JudgeAsync(), v => v.Promise == "P-1"));

    [Fact]
    public async Task Backup_that_said_done_outlives_a_power_cut_and_a_plain_copy_does_not()
    {
        Assert.SkipWhen(CrashBox.WhyNot is not null, CrashBox.WhyNot ?? "");
        await (await SkaldServer.StartAsync(data: _place.Data.Path)).DisposeAsync();
        using var box = new CrashBox(64);
        var (backup, copy) = (Path.Combine(box.Root, "backup.db"), Path.Combine(box.Root, "copy.db"));

        (await _place.BackUpAsync(backup)).AssertDone();
        File.Copy(_place.Data.Database, copy);
        box.Cut();
        await box.PowerOnAsync();

        (await _place.RestoreAsync(backup)).AssertDone();
        Assert.False(File.Exists(copy) && new FileInfo(copy).Length > 0, "The box kept what was not synced: it proves nothing.");
    }

    [Fact]
    public async Task Full_disk_refuses_a_backup_and_leaves_the_older_one()
    {
        Assert.SkipWhen(CrashBox.WhyNot is not null, CrashBox.WhyNot ?? "");
        await (await SkaldServer.StartAsync(data: _place.Data.Path)).DisposeAsync();
        using var box = new CrashBox(16);
        var backup = Path.Combine(box.Root, "backup.db");
        (await _place.BackUpAsync(backup)).AssertDone();
        var older = await File.ReadAllBytesAsync(backup);
        box.Fill();

        (await _place.BackUpAsync(backup, "--overwrite")).AssertRefused(backup, "disk is full");

        Assert.Equal(older, await File.ReadAllBytesAsync(backup));
        Assert.DoesNotContain(Directory.GetFiles(box.Root), file => file.EndsWith(".part", StringComparison.Ordinal));
    }

    /// <summary>
    /// Everybody sends; in the midst of it a backup is taken; then the server and its disk are lost, and another starts elsewhere.
    /// </summary>
    private static async Task RunAsync(
        BackupPlace place, Func<Task> backUp, Func<Task> restore, Func<CrashRun, Task> judge, [CallerMemberName] string test = "")
    {
        var where = place.Data.Path;
        await using var run = new CrashRun(Seed.Next(test), () => SkaldProcess.StartAsync(where), senders: 4);
        IReadOnlyList<int> begun = [];
        await run.LiveAndDieAsync(async server =>
        {
            begun = run.Mark();
            await backUp();
            var acks = run.Acks;
            await Deadline.UntilAsync(() => run.Acks > acks, "the load goes on, and was there all the time");
            await server.KillAsync();
        });
        await restore();
        run.RewindTo(begun);
        where = place.Restored;
        await judge(run);
    }
}
