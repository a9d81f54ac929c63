using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Skald.Server.Identity;
using Skald.Server.Operations;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>
/// P-4 on a disk that is full to its last block: who reads goes on, who would store is told, and nothing has to be started again.
/// </summary>
public sealed class FullDiskTests
{
    private const string Room = "global", Password = "12345678";
    private static readonly string Long = new('x', 3_000);

    [Fact]
    public async Task Each_request_is_answered_in_words_who_reads_keeps_access_and_all_goes_on_when_there_is_room()
    {
        Assert.SkipWhen(CrashBox.WhyNot is not null, CrashBox.WhyNot ?? "");
        using var disk = new CrashBox(16);
        await using var server = await SkaldServer.StartAsync(data: disk.Data);
        var ann = await server.RegisterAsync("ann");
        (await ann.PublishAsync(Room, "before")).EnsureSuccessStatusCode();
        await using var socket = await ann.JoinAsync(Room);
        var ballast = disk.Fill();
        while ((await ann.PublishAsync(Room, Long)).IsSuccessStatusCode)
            await socket.SkipToAsync("chat_message");

        Assert.Equal((HttpStatusCode.OK, "storage_full"), await ReadinessAsync(server.Http));
        await AssertFullAsync(ann.PublishAsync(Room, Long));
        await AssertFullAsync(server.Http.PostAsJsonAsync("/api/register/", new { username = "bob", password = Password }));
        await AssertFullAsync(server.Http.PostAsJsonAsync("/api/login/", new { username = "ann", password = Password }));
        await AssertFullAsync(
            ann.SendAsync(HttpMethod.Post, "/api/me/password/", new { current_password = Password, new_password = "another one" }));
        await AssertFullAsync(ann.SendAsync(HttpMethod.Post, "/api/logout/"));
        await AssertFullAsync(ann.SendAsync(HttpMethod.Delete, "/api/me/sessions/"));
        await socket.SendAsync(new { type = "send", id = 7, room = Room, message = Long });
        await socket.ExpectErrorAsync("storage_full");
        await socket.SendAsync(new { type = "join", id = 8, room = "a-room-that-is-new" });
        await socket.ExpectErrorAsync("storage_full");

        // Nothing was rotated: the token that was brought is the one that is given back, as often as it comes.
        var refreshed = await RefreshAsync(ann);
        Assert.Equal(ann.Refresh, refreshed.Refresh);
        refreshed = await RefreshAsync(refreshed);
        Assert.Equal("before", (await refreshed.HistoryAsync(Room))[0].GetProperty("message").GetString());
        await using (var resumed = await ChatSocket.OpenAsync(server.SocketAddress($"/ws/?ticket={await refreshed.TicketAsync()}")))
        {
            await resumed.ExpectAsync("ready");
            await resumed.JoinAsync(Room, since: 0);
            Assert.Equal("before", (await resumed.SkipToAsync("chat_message")).GetProperty("message").GetString());
        }

        File.Delete(ballast);
        await UntilReadyAsync(server.Http);
        (await ann.PublishAsync(Room, Long)).EnsureSuccessStatusCode();
        await server.RegisterAsync("bob");
        var rotated = await RefreshAsync(refreshed);
        Assert.NotEqual(ann.Refresh, rotated.Refresh);
        using (var changed = await rotated.SendAsync(
            HttpMethod.Post, "/api/me/password/", new { current_password = Password, new_password = "another one" }))
            Assert.Equal(HttpStatusCode.NoContent, changed.StatusCode);
        using (var logout = await rotated.SendAsync(HttpMethod.Post, "/api/logout/"))
            Assert.Equal(HttpStatusCode.NoContent, logout.StatusCode);
        Assert.Equal(4401, await socket.ExpectCloseAsync());
    }

    [Fact]
    public async Task It_is_said_once_in_the_log_and_not_for_each_message()
    {
        Assert.SkipWhen(CrashBox.WhyNot is not null, CrashBox.WhyNot ?? "");
        using var disk = new CrashBox(16);
        await using var server = await SkaldServer.StartAsync(data: disk.Data);
        var ann = await server.RegisterAsync("ann");
        disk.Fill();
        for (var refused = 0; refused < 50;)
            refused += (await ann.PublishAsync(Room, Long)).IsSuccessStatusCode ? 0 : 1;

        Assert.Single(server.Log.Lines, line => line.Contains("is full", StringComparison.Ordinal));
        Assert.DoesNotContain(server.Log.Lines, line => line.Contains("messages were refused", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Browser_that_logs_out_forgets_its_cookie_although_the_session_cannot_be_ended()
    {
        Assert.SkipWhen(CrashBox.WhyNot is not null, CrashBox.WhyNot ?? "");
        using var disk = new CrashBox(16);
        await using var server = await SkaldServer.StartAsync(data: disk.Data);
        var ann = await server.RegisterAsync("ann");
        disk.Fill();
        while ((await ann.PublishAsync(Room, Long)).IsSuccessStatusCode)
        {
        }

        using var logout = await ann.SendAsync(HttpMethod.Post, "/api/logout/");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, logout.StatusCode);
        Assert.StartsWith(
            "skald_refresh=; expires=Thu, 01 Jan 1970",
            Assert.Single(logout.Headers.GetValues("Set-Cookie")),
            StringComparison.Ordinal);
    }

    /// <remarks>
    /// With small blocks SQLite leaves holes in the file that it maps, and would be killed by the first message that touches one.
    /// </remarks>
    [Theory]
    [InlineData(1_024, false)]
    [InlineData(1_024, true)]
    [InlineData(4_096, false)]
    [InlineData(4_096, true)]
    public async Task Server_starts_again_and_again_serves_what_it_has_and_stores_once_there_is_room(int blockSize, bool killed)
    {
        Assert.SkipWhen(CrashBox.WhyNot is not null, CrashBox.WhyNot ?? "");
        using var disk = new CrashBox(16, blockSize);
        string access;
        await using (var before = await SkaldProcess.StartAsync(disk.Data))
        {
            access = await before.SignInAsync("ann");
            for (var n = 0; n < 20; n++)
                (await PublishAsync(before, access, $"before-{n}")).EnsureSuccessStatusCode();
            if (!killed)
                Assert.Equal(0, await before.StopAsync());
        }

        var ballast = disk.Fill();
        for (var start = 1; start <= 3; start++)
        {
            await using var again = await SkaldProcess.StartAsync(disk.Data);
            Assert.Equal((HttpStatusCode.OK, "storage_full"), await ReadinessAsync(again.Http));
            var history = await HistoryReader.ReadAsync(again.Http, access, Room);
            Assert.Equal(20, history.Messages.Count(m => m.Text.StartsWith("before", StringComparison.Ordinal)));
            await using var socket = await ChatSocket.OpenAsync(again.SocketAddress($"/ws/?token={access}"));
            await socket.ExpectAsync("ready");
            await socket.JoinAsync(Room, since: 0);
            Assert.Equal("before-0", (await socket.SkipToAsync("chat_message")).GetProperty("message").GetString());
            while ((await PublishAsync(again, access, Long)).IsSuccessStatusCode)
            {
            }

            await AssertFullAsync(PublishAsync(again, access, Long));
            Assert.Contains("is full", again.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", again.Output, StringComparison.Ordinal);
            if (start == 3)
            {
                File.Delete(ballast);
                await UntilReadyAsync(again.Http);
                (await PublishAsync(again, access, "after")).EnsureSuccessStatusCode();
                Assert.Equal("after", (await HistoryReader.ReadAsync(again.Http, access, Room)).Messages[^1].Text);
            }

            if (killed)
                await again.KillAsync();
            else
                Assert.Equal(0, await again.StopAsync());
        }
    }

    [Fact]
    public async Task Start_in_a_new_directory_is_refused_in_a_sentence_and_leaves_nothing_behind()
    {
        Assert.SkipWhen(CrashBox.WhyNot is not null, CrashBox.WhyNot ?? "");
        using var disk = new CrashBox(16);
        Directory.CreateDirectory(disk.Data);
        disk.Fill();

        (await SkaldCommand.RunAsync("--data", disk.Data, "--urls", "http://127.0.0.1:0", "--Metrics:Listen", ""))
            .AssertRefused("does not start", "is full", disk.Data);
        AssertNothingIsIn(disk.Data);

        // As it would be where the disk became full only now.
        var keys = new KeyFile(Path.Combine(disk.Data, KeyFile.Name), TimeProvider.System, NullLogger<KeyFile>.Instance);
        Assert.Contains("is full", Assert.Throws<StartupRefusedException>(keys.Open).Message, StringComparison.Ordinal);
        AssertNothingIsIn(disk.Data);
    }

    [Fact]
    public async Task Commands_do_what_needs_no_room_and_refuse_the_rest_in_a_sentence_and_leave_nothing_half_done()
    {
        Assert.SkipWhen(CrashBox.WhyNot is not null, CrashBox.WhyNot ?? "");
        using var disk = new CrashBox(16);
        using var elsewhere = new TestDirectory();
        var (backup, django) = (Path.Combine(elsewhere.Path, "backup.db"), Path.Combine(elsewhere.Path, "django.sqlite3"));
        await using (var server = await SkaldServer.StartAsync(data: disk.Data))
            await server.RegisterAsync("ann");
        WriteDjango(django);
        string[] targets = [.. new[] { "created", "restored", "imported" }.Select(name => Path.Combine(disk.Root, name))];
        Array.ForEach(targets, target => Directory.CreateDirectory(target));
        var ballast = disk.Fill();

        Assert.Contains(
            "ann",
            (await SkaldCommand.RunAsync("users", "list", "--data", disk.Data)).AssertDone().Output,
            StringComparison.Ordinal);
        (await SkaldCommand.RunAsync("backup", "--data", disk.Data, "--to", backup)).AssertDone();
        foreach (var command in new[] { "create bob", "reset ann", "disable ann" })
        {
            string[] arguments = ["users", .. command.Split(' '), "--data", disk.Data];
            (await SkaldCommand.TellAsync(Password, arguments)).AssertRefused("is full", disk.Data);
        }

        (await SkaldCommand.RunAsync("backup", "--data", disk.Data, "--to", Path.Combine(disk.Root, "backup.db")))
            .AssertRefused("is full", disk.Root);
        (await SkaldCommand.TellAsync(Password, "users", "create", "bob", "--data", targets[0])).AssertRefused("is full", targets[0]);
        (await SkaldCommand.RunAsync("restore", "--from", backup, "--data", targets[1])).AssertRefused("is full", targets[1]);
        (await SkaldCommand.RunAsync("import-django", "--from", django, "--data", targets[2])).AssertRefused("is full", targets[2]);
        Assert.All(targets, AssertNothingIsIn);
        Assert.Equal([ballast], Directory.GetFiles(disk.Root));

        // Room to begin with, and not for all of it.
        using (var file = File.OpenWrite(ballast))
            file.SetLength(file.Length - (2 * 1024 * 1024));
        (await SkaldCommand.RunAsync("import-django", "--from", django, "--data", targets[2]))
            .AssertRefused("is full", targets[2], "Nothing was brought");
        AssertNothingIsIn(targets[2]);
    }

    [Fact]
    public async Task Quota_that_is_used_up_is_a_full_disk_and_no_failed_one()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/strace"), "strace is what makes a write fail.");
        using var data = new TestDirectory();
        // Counted in each thread: those of the log's writer are what it stores.
        string[] failing =
            ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64", "-e", "inject=pwrite64:error=EDQUOT:when=120..140"];
        await using var server = await SkaldProcess.StartAsync(data.Path, failing);
        var access = await server.SignInAsync("ann");
        var sent = 0;
        while ((await PublishAsync(server, access, $"message-{sent}")).IsSuccessStatusCode)
            Assert.True(sent++ < 200, "No write failed.");

        await AssertFullAsync(PublishAsync(server, access, "refused"));
        for (var begun = TimeProvider.System.GetTimestamp(); !(await PublishAsync(server, access, "after")).IsSuccessStatusCode;)
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < Deadline.Default, "It does not store again.");
        var history = await HistoryReader.ReadAsync(server.Http, access, Room);
        Assert.Equal(sent, history.Messages.Count(message => message.Text.StartsWith("message-", StringComparison.Ordinal)));
    }

    private static async Task<TestUser> RefreshAsync(TestUser user)
    {
        using var answer = await user.Server.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh = user.Refresh });
        var pair = await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        return user with { Access = pair.GetProperty("access").GetString()!, Refresh = pair.GetProperty("refresh").GetString()! };
    }

    private static async Task<HttpResponseMessage> PublishAsync(SkaldProcess server, string access, string message)
    {
        using var request =
            new HttpRequestMessage(HttpMethod.Post, $"/api/rooms/{Room}/messages/") { Content = JsonContent.Create(new { message }) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", access);
        return await server.Http.SendAsync(request).Within();
    }

    private static async Task AssertFullAsync(Task<HttpResponseMessage> answering)
    {
        using var answer = await answering;
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "storage_full"), (answer.StatusCode, problem.GetProperty("code").GetString()));
        Assert.Contains("disk is full", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private static async Task<(HttpStatusCode Status, string? Word)> ReadinessAsync(HttpClient http)
    {
        using var answer = await http.GetAsync("/readyz").Within();
        return (answer.StatusCode, (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("status").GetString());
    }

    private static async Task UntilReadyAsync(HttpClient http)
    {
        for (var begun = TimeProvider.System.GetTimestamp(); await ReadinessAsync(http) != (HttpStatusCode.OK, "ready");)
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < Deadline.Default, "Readiness does not know of the room.");
    }

    /// <summary>But the lock of who was there, which is empty.</summary>
    private static void AssertNothingIsIn(string directory) =>
        Assert.DoesNotContain(Directory.GetFiles(directory), file => !file.EndsWith("skald.lock", StringComparison.Ordinal));

    private static void WriteDjango(string file)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = """
            CREATE TABLE auth_user (
                id integer PRIMARY KEY, username varchar(150), email varchar(254), password varchar(128),
                is_active bool, date_joined datetime);
            CREATE TABLE chat_message (
                id integer PRIMARY KEY, content text, timestamp datetime, room_name varchar(100),
                author_id integer REFERENCES auth_user (id));
            INSERT INTO auth_user VALUES (1, 'ann', '', '!', 1, '2026-01-01 00:00:00');
            WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
            INSERT INTO chat_message SELECT i, hex(zeroblob(1000)), '2026-01-01 00:00:00', 'global', 1 FROM n;
            """;
        command.ExecuteNonQuery();
    }
}
