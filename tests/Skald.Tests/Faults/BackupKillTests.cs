using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Skald.Server.Operations;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>P-34: <c>kill -9</c> of a backup and of a restore, at each fsync, at the rename, and at writes that chance chooses.</summary>
public sealed class BackupKillTests : IDisposable
{
    private const int Messages = 3_000;

    private readonly BackupPlace _place = new();

    public void Dispose() => _place.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Killed_backup_leaves_none_or_a_whole_one_and_can_be_run_again(bool overOlder)
    {
        await FillAsync();
        var older = await OlderAsync(overOlder);
        await KillAtEachMomentAsync(() => _place.BackUpAsync(more: "--overwrite"), async () =>
        {
            var named = File.Exists(_place.Backup) ? await File.ReadAllBytesAsync(_place.Backup) : null;
            if (older is null ? named is not null : named is null || !older.SequenceEqual(named))
                Assert.True(await IsWholeAsync(_place.Backup), "What has the backup's name is no backup.");
            foreach (var left in Directory.GetFiles(_place.Elsewhere, "*.part"))
                Assert.True(await IsWholeAsync(left) || !Directory.Exists(_place.Restored), $"{left} is half a backup, and is restored.");

            (await _place.BackUpAsync(more: "--overwrite")).AssertDone();

            Assert.True(await IsWholeAsync(_place.Backup));
            Empty(_place.Elsewhere);
            if (older is not null)
                await File.WriteAllBytesAsync(_place.Backup, older);
        });
    }

    [Fact]
    public async Task Killed_restore_leaves_what_no_server_starts_on_or_all_of_it_and_can_be_run_again()
    {
        await FillAsync();
        (await _place.BackUpAsync()).AssertDone();
        await KillAtEachMomentAsync(() => _place.RestoreAsync(), async () =>
        {
            if (!await StartsAsync())
                (await _place.RestoreAsync()).AssertDone();

            Assert.True(await StartsAsync());
            Assert.Equal(Messages, Count(_place.Restored));
            Assert.DoesNotContain(Directory.GetFiles(_place.Restored), file => file.Contains(".part", StringComparison.Ordinal));
            Directory.Delete(_place.Restored, recursive: true);
        });
    }

    [Fact]
    public async Task Killed_copy_that_wrote_under_the_backups_name_is_seen_to_be_none()
    {
        await FillAsync();

        _place.Under = KilledAt.Call("write", 5);
        using var copy = Process.Start(
            _place.Under[0],
            [.. _place.Under[1..], "dd", $"if={_place.Data.Database}", $"of={_place.Backup}", "bs=1M", "status=none"]);
        await copy.WaitForExitAsync(Deadline.Token());
        _place.Under = [];

        Assert.Equal(KilledAt.ExitCode, copy.ExitCode);
        Assert.True(new FileInfo(_place.Backup).Length > 0);
        Assert.False(await IsWholeAsync(_place.Backup));
    }

    [Fact]
    public async Task Without_what_a_killed_restore_leaves_a_server_would_start_with_nothing()
    {
        await FillAsync();
        (await _place.BackUpAsync()).AssertDone();
        _place.Under = KilledAt.Call("fsync", 2);
        Assert.Equal(KilledAt.ExitCode, (await _place.RestoreAsync()).ExitCode);

        Assert.False(await StartsAsync());
        foreach (var part in Directory.GetFiles(_place.Restored, "*.part*"))
            File.Delete(part);

        Assert.True(await StartsAsync());
        Assert.Equal(0, Count(_place.Restored));
    }

    /// <summary>Kills it at one moment after the other, until it comes to its end before that.</summary>
    private async Task KillAtEachMomentAsync(Func<Task<SkaldCommand>> run, Func<Task> judge, [CallerMemberName] string test = "")
    {
        var random = new Random(Seed.Next(test));
        var kills = 0;
        foreach (var call in new[] { "fsync", "rename" })
        {
            for (var nth = 1; await KillAsync(call, nth); nth++)
                kills++;
        }

        // It writes some 3,400 pages.
        for (var n = 0; n < Seed.Count(2, 50); n++)
            Assert.True(await KillAsync("pwrite64", random.Next(1, Messages)));
        // Every 4 MB, the whole, and its name.
        Assert.True(kills >= 5, $"It was killed {kills} times only.");

        async Task<bool> KillAsync(string call, int nth)
        {
            _place.Under = KilledAt.Call(call, nth);
            var ended = await run();
            _place.Under = [];
            Assert.True(ended.ExitCode is KilledAt.ExitCode or 0, ended.Error);
            await judge();
            return ended.ExitCode == KilledAt.ExitCode;
        }
    }

    /// <summary>Data of some 14 MB: a copy of it takes several steps.</summary>
    private async Task FillAsync()
    {
        await (await SkaldServer.StartAsync(data: _place.Data.Path)).DisposeAsync();
        _place.Data.Execute($"""
            INSERT INTO users (id, username, username_key, email, password_hash, created_at) VALUES (1, 'ann', 'ann', '', '!', 0);
            INSERT INTO messages (room_id, seq, user_id, body, created_at)
                WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {Messages}) SELECT 1, i, 1, hex(zeroblob(2000)), 0 FROM n;
            UPDATE rooms SET last_seq = {Messages};
            """);
    }

    /// <summary>A backup of before the last message, which a later one replaces.</summary>
    private async Task<byte[]?> OlderAsync(bool isThere)
    {
        if (!isThere)
            return null;
        _place.Data.Execute($"DELETE FROM messages WHERE seq = {Messages}");
        (await _place.BackUpAsync()).AssertDone();
        _place.Data.Execute($"INSERT INTO messages (room_id, seq, user_id, body, created_at) VALUES (1, {Messages}, 1, 'the last', 0)");
        return await File.ReadAllBytesAsync(_place.Backup);
    }

    /// <summary>Whether this can be restored, and all messages are there then.</summary>
    private async Task<bool> IsWholeAsync(string backup)
    {
        if ((await _place.RestoreAsync(backup)).ExitCode != 0)
        {
            // Refused, as it should be where it is not whole; what is left of the attempt is empty.
            Directory.Delete(_place.Restored, recursive: true);
            return false;
        }

        var whole = Count(_place.Restored) == Messages;
        if (whole)
            Directory.Delete(_place.Restored, recursive: true);
        return whole;
    }

    /// <summary>Whether a server takes what was restored for its data.</summary>
    private async Task<bool> StartsAsync()
    {
        try
        {
            await (await SkaldServer.StartAsync(data: _place.Restored)).DisposeAsync();
            return true;
        }
        catch (StartupRefusedException refusal)
        {
            Assert.Contains("skald restore again", refusal.Message, StringComparison.Ordinal);
            return false;
        }
    }

    private static long Count(string data) =>
        Convert.ToInt64(TestDirectory.Execute(data, "SELECT count(*) FROM messages"), CultureInfo.InvariantCulture);

    private static void Empty(string directory)
    {
        foreach (var file in Directory.GetFiles(directory))
            File.Delete(file);
    }
}
