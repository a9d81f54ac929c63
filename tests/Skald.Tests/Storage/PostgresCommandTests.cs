using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Skald.Server.Database;
using Skald.Server.History;
using Skald.Tests.Harness;

namespace Skald.Tests.Storage;

/// <summary>The program's commands, and PostgreSQL's own, on a database of PostgreSQL.</summary>
public sealed class PostgresCommandTests
{
    [Theory]
    [InlineData("backup", "--to", "never-made.db")]
    [InlineData("restore", "--from", "not-there.db")]
    [InlineData("import-django", "--from", "not-there.db")]
    public async Task What_is_for_the_file_of_SQLite_is_refused_and_names_what_does_it(params string[] command)
    {
        var answer = await SkaldCommand.RunAsync(Under("Host=127.0.0.1;Port=1"), command);

        answer.AssertRefused("pg_dump", StorageOptions.EngineSetting);
    }

    [Fact]
    public async Task Accounts_are_made_listed_and_disabled_beside_a_server()
    {
        var database = await SharedPostgres.RentAsync();
        var written = (await SharedPostgres.GetAsync()).ConnectionString(database);
        using var data = new TestDirectory();
        (await SkaldCommand.RunAsync(Under(written), ["users", "create", "ann", "--data", data.Path], "12345678")).AssertDone();
        await using (var server = await StartAsync(written))
        {
            var ann = await server.LoginAsync("ann");
            await using var socket = await ann.JoinAsync("global");

            (await SkaldCommand.RunAsync(Under(written), ["users", "disable", "ann", "--data", data.Path])).AssertDone();

            Assert.Equal(4401, await socket.ExpectCloseAsync());
            Assert.Equal(HttpStatusCode.Unauthorized, (await ann.SendAsync(HttpMethod.Get, "/api/me/")).StatusCode);
            Assert.Contains(
                "disabled", (await SkaldCommand.RunAsync(Under(written), ["users", "list", "--data", data.Path])).AssertDone().Output,
                StringComparison.Ordinal);
        }

        await SharedPostgres.ReturnAsync(database);
    }

    [Fact]
    public async Task Dump_that_is_restored_is_another_log_with_everything_in_it_and_nobody_signed_in()
    {
        var postgres = await SharedPostgres.GetAsync();
        var (before, after) = (await SharedPostgres.RentAsync(), await SharedPostgres.CreateAsync("template0"));
        using var data = new TestDirectory();
        var dump = Path.Combine(data.Path, "skald.dump");
        string epoch, refresh;
        await using (var server = await StartAsync(postgres.ConnectionString(before), data.Path))
        {
            var ann = await server.RegisterAsync("ann");
            (await ann.PublishAsync("global", "Hello")).EnsureSuccessStatusCode();
            (epoch, refresh) = (server.Services.GetRequiredService<IMessageStore>().Epoch, ann.Refresh);
            await RunAsync("pg_dump", "-Fc", "-h", "127.0.0.1", "-p", $"{postgres.Port}", "-U", "skald", "-f", dump, before);
        }

        await RunAsync("pg_restore", "--no-owner", "-h", "127.0.0.1", "-p", $"{postgres.Port}", "-U", "skald", "-d", after, dump);
        var said = await postgres.ExecuteAsync(after, "SELECT skald_restored()");

        await using var restored = await StartAsync(postgres.ConnectionString(after), data.Path);
        Assert.Equal(said, restored.Services.GetRequiredService<IMessageStore>().Epoch);
        Assert.NotEqual(epoch, said);
        using var refused = await restored.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh });
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        var again = await restored.LoginAsync("ann");
        (await again.PublishAsync("global", "and after it")).EnsureSuccessStatusCode();
        Assert.Equal(
            [(1, "Hello"), (2, "and after it")],
            (await again.HistoryAsync("global")).Select(message =>
                (message.GetProperty("seq").GetInt32(), message.GetProperty("message").GetString())));
        await SharedPostgres.ReturnAsync(before);
    }

    private static string[] Under(string written) =>
        ["env", $"Storage__Engine={StorageOptions.PostgreSql}", $"Storage__Postgres={written}"];

    private static Task<SkaldServer> StartAsync(string written, string? data = null) => SkaldServer.StartAsync(
        [(StorageOptions.EngineSetting, StorageOptions.PostgreSql), (StorageOptions.PostgresSetting, written)], data: data);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo($"{PostgresServer.Programs}/{program}", arguments)
        {
            UseShellExecute = false,
            RedirectStandardError = true,
        })!;
        var error = await process.StandardError.ReadToEndAsync().Within();
        await process.WaitForExitAsync(Deadline.Token());
        Assert.True(process.ExitCode == 0, error);
    }
}
