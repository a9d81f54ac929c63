using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>P-34 and P-12: a backup taken while everybody sends, and what clients are told by the server that it becomes.</summary>
public sealed class BackupTests : IDisposable
{
    private readonly TestDirectory _data = new(), _elsewhere = new();

    private string Backup => Path.Combine(_elsewhere.Path, "backup.db");

    private string Restored => Path.Combine(_elsewhere.Path, "restored");

    public void Dispose()
    {
        _data.Dispose();
        _elsewhere.Dispose();
    }

    [Fact]
    public async Task Backup_under_load_restores_to_every_message_that_was_acked_before_it_began()
    {
        for (var round = 0; round < Seed.Count(1, 10); round++)
        {
            using var test = new BackupTests();
            await test.RunAsync(
                Seed.Next(nameof(Backup_under_load_restores_to_every_message_that_was_acked_before_it_began)),
                async () => (await SkaldCommand.RunAsync("backup", "--data", test._data.Path, "--to", test.Backup)).AssertDone(),
                async () => (await SkaldCommand.RunAsync("restore", "--from", test.Backup, "--data", test.Restored)).AssertDone(),
                async run =>
                {
                    Checker.AssertNone(await run.JudgeAsync());
                    // 100 % explicit: each had a place in the log before, and each is told that this is another log.
                    Assert.All(run.LastJoins, joined => Assert.Equal((true, true, false), (joined.Asked > 0, joined.AskedEpoch != joined.Epoch, joined.Complete)));
                    Assert.Equal("ok", await run.CheckIntegrityAsync(test.Restored));
                });
        }
    }

    [Fact]
    public Task Plain_copy_of_the_database_turns_the_checker_red() => RunAsync(
        Seed.Next(nameof(Plain_copy_of_the_database_turns_the_checker_red)),
        () =>
        {
            Directory.CreateDirectory(Restored);
            File.Copy(_data.Database, Path.Combine(Restored, "skald.db"));
            return Task.CompletedTask;
        },
        () => Task.CompletedTask,
        async run => Assert.Contains(await run.JudgeAsync(), v => v.Promise == "P-1"));

    [Fact]
    public async Task Backup_that_said_done_outlives_a_power_cut_and_a_plain_copy_does_not()
    {
        Assert.SkipWhen(CrashBox.WhyNot is not null, CrashBox.WhyNot ?? "");
        await (await SkaldServer.StartAsync(data: _data.Path)).DisposeAsync();
        using var box = new CrashBox(64);
        var (backup, copy) = (Path.Combine(box.Root, "backup.db"), Path.Combine(box.Root, "copy.db"));

        (await SkaldCommand.RunAsync("backup", "--data", _data.Path, "--to", backup)).AssertDone();
        File.Copy(_data.Database, copy);
        box.Cut();
        box.PowerOn();

        (await SkaldCommand.RunAsync("restore", "--from", backup, "--data", Restored)).AssertDone();
        Assert.False(File.Exists(copy) && new FileInfo(copy).Length > 0, "The box kept what was not synced: it proves nothing.");
    }

    [Fact]
    public async Task Full_disk_refuses_a_backup_and_leaves_the_older_one()
    {
        Assert.SkipWhen(CrashBox.WhyNot is not null, CrashBox.WhyNot ?? "");
        await (await SkaldServer.StartAsync(data: _data.Path)).DisposeAsync();
        using var box = new CrashBox(16);
        var backup = Path.Combine(box.Root, "backup.db");
        (await SkaldCommand.RunAsync("backup", "--data", _data.Path, "--to", backup)).AssertDone();
        var older = await File.ReadAllBytesAsync(backup);
        box.Fill();

        (await SkaldCommand.RunAsync("backup", "--data", _data.Path, "--to", backup, "--overwrite")).AssertRefused(backup, "space");

        Assert.Equal(older, await File.ReadAllBytesAsync(backup));
        Assert.DoesNotContain(Directory.GetFiles(box.Root), file => file.EndsWith(".part", StringComparison.Ordinal));
    }

    /// <summary>Everybody sends; in the midst of it a backup is taken; then the server and its disk are lost, and another starts elsewhere.</summary>
    private async Task RunAsync(int seed, Func<Task> backUp, Func<Task> restore, Func<CrashRun, Task> judge)
    {
        var where = _data.Path;
        await using var run = new CrashRun(seed, () => SkaldProcess.StartAsync(where), senders: 4);
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
        where = Restored;
        await judge(run);
    }
}
