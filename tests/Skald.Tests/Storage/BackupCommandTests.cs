using System.Buffers.Text;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Skald.Server.Identity;
using Skald.Tests.Harness;

namespace Skald.Tests.Storage;

/// <summary>
/// <c>skald backup</c> and <c>skald restore</c> without trouble around them: what is in a copy, who may still sign in, and what is
/// refused.
/// </summary>
public sealed class BackupCommandTests : IDisposable
{
    private static readonly string Key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private readonly BackupPlace _place = new();

    public void Dispose() => _place.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Attack("A-60")]
    public async Task Backup_is_one_file_for_the_owner_alone_and_restores_to_the_same_messages_in_another_epoch(bool running)
    {
        string epoch;
        JsonElement[] before;
        await using (var server = await SkaldServer.StartAsync(data: _place.Data.Path))
        {
            var ann = await server.RegisterAsync("ann");
            foreach (var text in new[] { "1", "2", "3" })
                (await ann.PublishAsync("global", text)).EnsureSuccessStatusCode();
            before = await ann.HistoryAsync("global");
            await using var socket = await ann.ConnectAsync();
            epoch = (await socket.JoinAsync("global")).GetProperty("epoch").GetString()!;
            if (running)
                (await _place.BackUpAsync()).AssertDone();
        }

        if (!running)
            (await SkaldCommand.RunAsync("backup", $"--data={_place.Data.Path}", $"--to={_place.Backup}")).AssertDone();
        Assert.Equal([_place.Backup], Directory.GetFiles(_place.Elsewhere));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_place.Backup));
        (await _place.RestoreAsync()).AssertDone();

        await using var restored = await SkaldServer.StartAsync(data: _place.Restored);
        var back = await restored.LoginAsync("ann");
        Assert.Equal(before.Select(m => m.ToString()), (await back.HistoryAsync("global")).Select(m => m.ToString()));
        await using var again = await back.ConnectAsync();
        var joined = await again.JoinAsync("global", since: 2, epoch);
        Assert.False(joined.GetProperty("complete").GetBoolean());
        Assert.NotEqual(epoch, joined.GetProperty("epoch").GetString());
        Assert.Equal(
            4,
            (await back.PublishAsync("global", "4")).IsSuccessStatusCode
                ? (await back.HistoryAsync("global"))[^1].GetProperty("seq").GetInt64()
                : 0);
    }

    [Fact]
    [Attack("A-60")]
    public async Task Thief_of_a_backup_finds_messages_and_password_hashes_and_nothing_to_sign_in_with()
    {
        await using (var server = await SkaldServer.StartAsync(data: _place.Data.Path))
        {
            var ann = await server.RegisterAsync("ann", "a very secret password");
            (await ann.PublishAsync("global", "between us")).EnsureSuccessStatusCode();
            var ticket = await ann.TicketAsync();
            (await _place.BackUpAsync()).AssertDone();
            var keys = JsonElement.Parse(await File.ReadAllTextAsync(Path.Combine(_place.Data.Path, KeyFile.Name)));

            Assert.Equal([_place.Backup], Directory.GetFileSystemEntries(_place.Elsewhere));
            var stolen = await File.ReadAllBytesAsync(_place.Backup);
            Assert.All(["between us", "pbkdf2_sha256$", "ann"], there => Assert.True(Holds(stolen, Encoding.UTF8.GetBytes(there))));
            string[] tokens = ["a very secret password", ticket, ann.Refresh, .. ann.Access.Split('.')];
            Assert.All(tokens, secret => Assert.False(Holds(stolen, Encoding.UTF8.GetBytes(secret))));
            Assert.False(Holds(stolen, Base64Url.DecodeFromChars(ann.Refresh)[^32..]));
            string[] made = [.. keys.GetProperty("access").EnumerateArray().Concat(keys.GetProperty("refresh").EnumerateArray())
                .Select(key => key.GetProperty("key").GetString()!)];
            Assert.NotEmpty(made);
            Assert.All(
                made,
                key => Assert.False(Holds(stolen, Encoding.UTF8.GetBytes(key)) || Holds(stolen, Convert.FromBase64String(key))));
        }

        static bool Holds(byte[] file, byte[] part) => file.AsSpan().IndexOf(part) >= 0;
    }

    /// <remarks>The hardest case: the key is a setting, so what it signed is still well signed.</remarks>
    [Fact]
    [Attack("A-60")]
    public async Task No_session_of_before_a_restore_lives_whether_the_backup_knew_it_or_not()
    {
        (string, string)[] settings = [("Accounts:SigningKey", Key)];
        TestUser known, ended, unknown;
        await using (var server = await SkaldServer.StartAsync(settings, data: _place.Data.Path))
        {
            known = await server.RegisterAsync("ann");
            ended = await server.LoginAsync("ann");
            (await _place.BackUpAsync()).AssertDone();
            (await ended.SendAsync(HttpMethod.Post, "/api/logout/")).EnsureSuccessStatusCode();
            unknown = await server.RegisterAsync("bob");
        }

        (await _place.RestoreAsync()).AssertDone();
        await using var restored = await SkaldServer.StartAsync(settings, data: _place.Restored);

        foreach (var user in new[] { known, ended, unknown })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(restored, user));
            using var refreshed = await restored.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh = user.Refresh });
            Assert.Equal(HttpStatusCode.Unauthorized, refreshed.StatusCode);
        }

        Assert.Equal(HttpStatusCode.OK, await AskAsync(restored, await restored.LoginAsync("ann")));
    }

    [Fact]
    public async Task Without_the_time_of_the_restore_a_token_of_an_unknown_session_would_be_believed()
    {
        (string, string)[] settings = [("Accounts:SigningKey", Key)];
        TestUser unknown;
        await using (var server = await SkaldServer.StartAsync(settings, data: _place.Data.Path))
        {
            await server.RegisterAsync("bob");
            (await _place.BackUpAsync()).AssertDone();
            unknown = await server.LoginAsync("bob");
        }

        (await _place.RestoreAsync(data: _place.Elsewhere)).AssertDone();
        TestDirectory.Execute(_place.Elsewhere, "UPDATE server SET restored_at = NULL");
        await using var restored = await SkaldServer.StartAsync(settings, data: _place.Elsewhere);

        Assert.NotEqual(HttpStatusCode.Unauthorized, await AskAsync(restored, unknown, "/api/chat/history/global/"));
    }

    [Fact]
    public async Task Restore_does_not_touch_a_directory_that_a_server_runs_in_or_that_has_a_database()
    {
        await using (await SkaldServer.StartAsync(data: _place.Data.Path))
        {
            (await _place.BackUpAsync()).AssertDone();
            (await _place.RestoreAsync(data: _place.Data.Path)).AssertRefused("Another Skald uses", "--data DIR");
        }

        var before = await File.ReadAllBytesAsync(_place.Data.Database);
        (await _place.RestoreAsync(data: _place.Data.Path)).AssertRefused(_place.Data.Database, "in the way", "--data DIR");

        Assert.Equal(before, await File.ReadAllBytesAsync(_place.Data.Database));
    }

    [Fact]
    public async Task Backup_replaces_nothing_without_being_told_to_and_a_servers_database_never()
    {
        await using var server = await SkaldServer.StartAsync(data: _place.Data.Path);
        await File.WriteAllTextAsync(_place.Backup, "of yesterday");

        (await _place.BackUpAsync()).AssertRefused(_place.Backup, "--overwrite");
        Assert.Equal("of yesterday", await File.ReadAllTextAsync(_place.Backup));
        (await _place.BackUpAsync(more: "--overwrite")).AssertDone();
        Assert.NotEqual("of yesterday", await File.ReadAllTextAsync(_place.Backup));

        (await _place.BackUpAsync(_place.Data.Database, "--overwrite")).AssertRefused(_place.Data.Path, "--to FILE");
        Assert.Equal(HttpStatusCode.OK, (await server.Http.GetAsync("/readyz")).StatusCode);
    }

    [Theory]
    [InlineData("backup", "no database in", "--data DIR")]
    [InlineData("restore", "no file", "--from FILE")]
    public async Task What_is_not_there_is_named(string command, string missing, string remedy)
    {
        var nowhere = Path.Combine(_place.Elsewhere, "nowhere");

        var answer = command == "backup"
            ? await SkaldCommand.RunAsync("backup", "--data", nowhere, "--to", _place.Backup)
            : await _place.RestoreAsync(nowhere);

        answer.AssertRefused(missing, nowhere, remedy);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_place.Elsewhere));
    }

    [Fact]
    public async Task What_is_no_backup_or_a_damaged_one_is_not_restored()
    {
        await (await SkaldServer.StartAsync(data: _place.Data.Path)).DisposeAsync();
        (await _place.BackUpAsync()).AssertDone();

        var garbage = Path.Combine(_place.Elsewhere, "garbage.db");
        await File.WriteAllBytesAsync(garbage, [.. Enumerable.Range(0, 8_192).Select(n => (byte)(n * 31))]);
        await RefusedAsync(garbage, "as a database");

        var strange = Path.Combine(_place.Elsewhere, "strange.db");
        await using (var other = new SqliteConnection($"Data Source={strange};Pooling=False"))
        {
            await other.OpenAsync();
            await using var command = other.CreateCommand();
            command.CommandText = "CREATE TABLE shopping (what TEXT)";
            await command.ExecuteNonQueryAsync();
        }

        await RefusedAsync(strange, "no database of Skald");

        var damaged = Path.Combine(_place.Elsewhere, "damaged.db");
        var pages = await File.ReadAllBytesAsync(_place.Backup);
        Array.Fill(pages, (byte)0xEE, pages.Length / 2, 4_096);
        await File.WriteAllBytesAsync(damaged, pages);
        await RefusedAsync(damaged, "older backup");

        async Task RefusedAsync(string file, string why)
        {
            (await _place.RestoreAsync(file)).AssertRefused(file, why);
            Assert.DoesNotContain(Directory.GetFiles(_place.Restored), left => !left.EndsWith(".lock", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("bakcup", "no command bakcup")]
    [InlineData("backup", "--to is missing")]
    [InlineData("backup --to", "--to needs a value")]
    [InlineData("backup --to --overwrite", "--to needs a value")]
    [InlineData("backup --from x", "--from is no option")]
    [InlineData("backup --to x --to y", "--to is there twice")]
    [InlineData("restore --from x --overwrite", "--overwrite is no option")]
    public async Task Misspelt_command_is_told_what_there_is(string arguments, string why)
    {
        var answer = await SkaldCommand.RunAsync(arguments.Split(' '));

        Assert.Equal(2, answer.ExitCode);
        Assert.Contains(why, answer.Error, StringComparison.Ordinal);
        Assert.Contains("skald backup  --to FILE", answer.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help", "skald restore --from FILE")]
    [InlineData("-h", "TrustedProxies")]
    [InlineData("--version", "0.")]
    public async Task Program_says_what_it_can_and_what_it_is(string argument, string expected) =>
        Assert.Contains(expected, (await SkaldCommand.RunAsync(argument)).AssertDone().Output, StringComparison.Ordinal);

    private static async Task<HttpStatusCode> AskAsync(SkaldServer server, TestUser user, string path = "/api/me/")
    {
        using var answer = await (user with { Server = server }).SendAsync(HttpMethod.Get, path);
        return answer.StatusCode;
    }
}
