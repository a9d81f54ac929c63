using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Skald.Server.Operations;
using Skald.Server.Storage.Sqlite;
using Skald.Tests.Harness;

namespace Skald.Tests.Storage;

/// <summary>A server that could not keep its promises does not start, and says what to change.</summary>
public sealed class StartRefusalTests
{
    [Fact]
    public async Task Directory_of_a_running_server_is_refused_and_free_again_after_it()
    {
        using var data = new TestDirectory();
        await using (var first = await SkaldServer.StartAsync(data: data.Path))
        {
            var refusal = await AssertRefusedAsync(data.Path);
            Assert.Contains("Another Skald", refusal, StringComparison.Ordinal);
            Assert.Contains(data.Path, refusal, StringComparison.Ordinal);
            Assert.Contains("--data", refusal, StringComparison.Ordinal);
            Assert.Equal(200, (int)(await first.Http.GetAsync("/readyz")).StatusCode);
        }

        await using var second = await SkaldServer.StartAsync(data: data.Path);
        Assert.Equal(200, (int)(await second.Http.GetAsync("/readyz")).StatusCode);
    }

    [Fact]
    public async Task Program_that_is_refused_says_why_and_exits_with_1()
    {
        using var data = new TestDirectory();
        await using var first = await SkaldServer.StartAsync(data: data.Path);

        using var second = Process.Start(
            new ProcessStartInfo("dotnet",
                [SkaldCommand.Program, "--urls", "http://127.0.0.1:0", "--data", data.Path, "--Metrics:Listen", ""])
            {
                UseShellExecute = false,
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            })!;
        _ = second.StandardOutput.ReadToEndAsync();
        var error = await second.StandardError.ReadToEndAsync().Within();
        await second.WaitForExitAsync(Deadline.Token());

        Assert.Equal(1, second.ExitCode);
        Assert.StartsWith("Skald does not start. Another Skald uses", error, StringComparison.Ordinal);
        Assert.Contains("--data DIR", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);   // no stack trace
    }

    [Fact]
    public async Task Program_that_is_stopped_while_it_starts_ends_without_an_alarm()
    {
        using var data = new TestDirectory();
        using var program = Process.Start(
            new ProcessStartInfo("dotnet",
                [SkaldCommand.Program, "--urls", "http://127.0.0.1:0", "--data", data.Path, "--Metrics:Listen", ""])
            {
                UseShellExecute = false,
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            })!;
        _ = program.StandardOutput.ReadToEndAsync();
        var error = program.StandardError.ReadToEndAsync();

        await Deadline.UntilAsync(() => File.Exists(data.Database), "it has begun to start");
        SkaldProcess.Terminate(program);
        await program.WaitForExitAsync(Deadline.Token());

        Assert.Equal((0, ""), (program.ExitCode, await error));
    }

    [Theory]
    [InlineData("BEGIN IMMEDIATE")]
    [InlineData("BEGIN EXCLUSIVE")]
    public async Task Database_that_another_program_has_locked_is_refused_and_starts_when_it_is_free(string sql)
    {
        using var data = new TestDirectory();
        await (await SkaldServer.StartAsync(data: data.Path)).DisposeAsync();

        await using (var shell = data.Connect())
        {
            await using var command = shell.CreateCommand();
#pragma warning disable CA2100 // Of the table above.
            command.CommandText = sql;
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync();

            var refusal = await AssertRefusedAsync(data.Path);
            Assert.Contains("locked by another program", refusal, StringComparison.Ordinal);
            Assert.Contains("Close it", refusal, StringComparison.Ordinal);
        }

        await using var server = await SkaldServer.StartAsync(data: data.Path);
    }

    [Fact]
    public async Task Database_of_a_newer_program_is_refused_and_left_as_it_is()
    {
        using var data = new TestDirectory();
        await (await SkaldServer.StartAsync(data: data.Path)).DisposeAsync();

        data.Execute("UPDATE server SET schema_version = 1000000; PRAGMA wal_checkpoint(TRUNCATE)");
        var before = await File.ReadAllBytesAsync(data.Database);

        var refusal = await AssertRefusedAsync(data.Path);

        Assert.Contains("newer Skald", refusal, StringComparison.Ordinal);
        Assert.Contains("1000000", refusal, StringComparison.Ordinal);
        Assert.Contains("--data", refusal, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(data.Database));
    }

    [Fact]
    public async Task File_that_is_no_database_is_refused_and_left_as_it_is()
    {
        using var data = new TestDirectory();
        var garbage = Enumerable.Range(0, 8_192).Select(n => (byte)(n * 31)).ToArray();
        await File.WriteAllBytesAsync(data.Database, garbage);

        var refusal = await AssertRefusedAsync(data.Path);

        Assert.Contains("not a sound SQLite database", refusal, StringComparison.Ordinal);
        Assert.Contains("--data", refusal, StringComparison.Ordinal);
        Assert.Equal(garbage, await File.ReadAllBytesAsync(data.Database));
    }

    [Fact]
    public async Task Directory_in_memory_is_refused()
    {
        Assert.SkipUnless(Directory.Exists("/dev/shm"), "There is no file system in memory here.");
        var directory = Path.Combine("/dev/shm", Path.GetRandomFileName());
        try
        {
            var refusal = await AssertRefusedAsync(directory);

            Assert.Contains("tmpfs", refusal, StringComparison.Ordinal);
            Assert.Contains("power cut", refusal, StringComparison.Ordinal);
            Assert.Contains("--data", refusal, StringComparison.Ordinal);
            Assert.False(File.Exists(Path.Combine(directory, "skald.db")));
        }
        finally
        {
            if (Directory.Exists(directory))
                Directory.Delete(directory, recursive: true);
        }
    }

    /// <remarks>What another build of SQLite, or another file system, may make of it.</remarks>
    [Theory]
    [InlineData("journal_mode", "wal", "MEMORY")]
    [InlineData("journal_mode", "wal", "OFF")]
    [InlineData("synchronous", "2", "NORMAL")]
    [InlineData("synchronous", "2", "OFF")]
    [InlineData("foreign_keys", "1", "OFF")]
    [InlineData("wal_autocheckpoint", "4000", "0")]
    public void Database_whose_settings_do_not_take_is_refused(string pragma, string needed, string taken)
    {
        using var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();

        var refusal = Assert.Throws<StartupRefusedException>(() => SqliteFile.Set(connection, "skald.db", pragma, needed, taken));

        Assert.Contains(pragma, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("--data DIR", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Attack("A-58")]
    public async Task Sqlite_with_a_known_hole_is_refused_and_the_one_that_ships_is_not()
    {
        var refusal = Assert.Throws<StartupRefusedException>(() => SqliteFile.RefuseOldSqlite(new Version(3, 51, 2)));
        Assert.Contains("3.51.2", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("3.51.3", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("beside the program", refusal.Message, StringComparison.Ordinal);

        await using var server = await SkaldServer.StartAsync();
    }

    [Fact]
    public async Task Directory_that_is_a_file_is_refused()
    {
        using var data = new TestDirectory();
        var file = Path.Combine(data.Path, "file");
        await File.WriteAllTextAsync(file, "");

        var refusal = await AssertRefusedAsync(file);

        Assert.Contains("cannot be made", refusal, StringComparison.Ordinal);
        Assert.Contains("--data", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_are_readable_by_nobody_else()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Files have no mode here.");
        using var parent = new TestDirectory();
        var data = Path.Combine(parent.Path, "data");
        await using var server = await SkaldServer.StartAsync(data: data);
        await server.RegisterAsync("ann");

        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
            | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(data) & Others);
        Assert.Contains(Path.Combine(data, "skald.db"), Directory.GetFiles(data));
        Assert.All(
            Directory.GetFiles(data).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)),
            file => Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(file) & Others));
    }

    private static async Task<string> AssertRefusedAsync(string data)
    {
        var refusal =
            await Assert.ThrowsAsync<StartupRefusedException>(async () => await (await SkaldServer.StartAsync(data: data)).DisposeAsync());
        return refusal.Message;
    }
}
