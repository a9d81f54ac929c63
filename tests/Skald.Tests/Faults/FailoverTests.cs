using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Skald.Server.Database;
using Skald.Server.History;
using Skald.Server.Operations;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>The machine of PostgreSQL is lost, and a standby becomes the primary.</summary>
public sealed class FailoverTests
{
    [Fact]
    public async Task Synchronous_standby_has_all_that_was_acknowledged_and_the_server_goes_on_upon_it()
    {
        await using var primary = await PostgresServer.StartAsync();
        await using var standby = await StartSynchronousAsync(primary);
        await using var server = await SkaldServer.StartAsync(Settings(primary, standby));
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ann.JoinAsync("global");
        await SayAsync(socket, "before");
        var epoch = server.Services.GetRequiredService<IMessageStore>().Epoch;

        await primary.KillAsync();
        await standby.PromoteAsync();
        await PublishAsync(ann, "after", "client-id-1");

        Assert.Equal(["before", "after"], await HistoryAsync(ann));
        Assert.Equal(epoch, await standby.ExecuteAsync("postgres", "SELECT epoch FROM server"));
    }

    /// <summary>
    /// The control of the one before: without one, what was acknowledged is gone. Then at least nobody is told otherwise.
    /// </summary>
    [Fact]
    public async Task Standby_that_lacks_what_was_acknowledged_is_another_log()
    {
        await using var primary = await PostgresServer.StartAsync();
        await using var standby = await primary.StartStandbyAsync();
        await using var server = await SkaldServer.StartAsync(Settings(primary, standby));
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ann.JoinAsync("global");
        await SayAsync(socket, "kept");
        var epoch = server.Services.GetRequiredService<IMessageStore>().Epoch;
        await primary.WaitForStandbyAsync();

        await standby.StopAsync();
        await SayAsync(socket, "lost");
        await primary.KillAsync();
        await standby.StartAgainAsync();
        await standby.PromoteAsync();

        var readiness = server.Services.GetRequiredService<Readiness>();
        await Deadline.UntilAsync(() => readiness.Has(NotReadyReasons.LogEnded), "the server ends, to be started again");
        await server.StopAsync();
        await using var next = await SkaldServer.StartAsync(Settings(primary, standby), data: server.Data);
        Assert.Equal(["kept"], await HistoryAsync(ann with { Server = next }));
        Assert.NotEqual(epoch, next.Services.GetRequiredService<IMessageStore>().Epoch);
        await using var resumed = await (ann with { Server = next }).ConnectAsync();
        Assert.False((await resumed.JoinAsync("global", since: 2, epoch)).GetProperty("complete").GetBoolean());
    }

    /// <summary>As a machine that is lost with its address: what is sent to it vanishes, and nothing says so.</summary>
    [Fact]
    public async Task Server_that_answers_nothing_holds_up_nobody_though_it_is_named_first()
    {
        await using var primary = await PostgresServer.StartAsync();
        await using var standby = await primary.StartStandbyAsync();
        await using var server = await SkaldServer.StartAsync(Settings(standby, primary));
        var ann = await server.RegisterAsync("ann");
        await PublishAsync(ann, "before", "client-id-0");

        standby.Freeze();
        var slow = 0;
        for (var n = 0; n < 6; n++)
        {
            var began = TimeProvider.System.GetTimestamp();
            await PublishAsync(ann, $"message {n}", $"client-id-1-{n}");
            await HistoryAsync(ann);
            slow += TimeProvider.System.GetElapsedTime(began) > TimeSpan.FromSeconds(1.5) ? 1 : 0;
            await Task.Delay(TimeSpan.FromSeconds(1.2), Deadline.Token());   // so long that a server would be tried again
        }

        Assert.InRange(slow, 0, 1);   // whoever found out
        await primary.ExecuteAsync(
            "postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'skald listen'");
        await Deadline.UntilAsync(
            () => server.Log.Lines.Any(line => line.Contains("[10001]", StringComparison.Ordinal)), "nodes tell each other again");
    }

    /// <param name="standby">Null for none, else whether commits wait for it.</param>
    [Theory]
    [InlineData(null, true)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task Node_says_at_start_where_a_failover_may_lose_what_it_acknowledges(bool? standby, bool said)
    {
        await using var primary = await PostgresServer.StartAsync();
        await using var second = standby switch
        {
            true => await StartSynchronousAsync(primary),
            false => await primary.StartStandbyAsync(),
            null => null,
        };
        await using var server = await SkaldServer.StartAsync(Settings(primary, second ?? primary));

        Assert.Equal(
            said ? 1 : 0,
            server.Log.Lines.Count(line =>
                line.StartsWith("Warning", StringComparison.Ordinal)
                && line.Contains("Weak setting synchronous_standby_names", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Nothing_is_acknowledged_while_the_synchronous_standby_is_away_and_what_was_sent_then_is_stored_once()
    {
        await using var primary = await PostgresServer.StartAsync();
        await using var standby = await StartSynchronousAsync(primary);
        await using var server = await SkaldServer.StartAsync(Settings(primary, standby));
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ann.JoinAsync("global");
        await SayAsync(socket, "before");

        standby.Freeze();
        await socket.SayAsync("global", "meanwhile", "client-id-1");
        // It waits, and then nobody knows: the client is told to connect anew and to repeat.
        string? told;
        while ((told = await socket.ReceiveTextAsync()) is not null)
            Assert.NotEqual("ack", JsonElement.Parse(told).GetProperty("type").GetString());
        standby.Thaw();

        await PublishAsync(ann, "meanwhile", "client-id-1");
        Assert.Equal(["before", "meanwhile"], await HistoryAsync(ann));
    }

    /// <summary>PostgreSQL ends the command as if all were well then, and only warns.</summary>
    [Fact]
    public async Task Commit_whose_wait_for_the_standby_was_cancelled_is_not_acknowledged()
    {
        await using var primary = await PostgresServer.StartAsync();
        await using var standby = await StartSynchronousAsync(primary);
        await using var server = await SkaldServer.StartAsync(Settings(primary, standby));
        var ann = await server.RegisterAsync("ann");
        await PublishAsync(ann, "before", "client-id-0");

        standby.Freeze();
        var answering = ann.PublishAsync("global", "meanwhile", "client-id-1");
        await Deadline.UntilAsync(
            async () => await primary.ExecuteAsync(
                "postgres", "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") is true,
            "the commit waits, and is cancelled");
        using var answer = await answering;
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        standby.Thaw();

        await PublishAsync(ann, "meanwhile", "client-id-1");
        Assert.Equal(["before", "meanwhile"], await HistoryAsync(ann));
    }

    /// <summary>A standby whose commits the primary waits for; promoted, it waits for none.</summary>
    private static async Task<PostgresServer> StartSynchronousAsync(PostgresServer primary)
    {
        var standby = await primary.StartStandbyAsync();
        await primary.ExecuteAsync("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'");
        await primary.ExecuteAsync("postgres", "SELECT pg_reload_conf()");
        return standby;
    }

    private static (string, string)[] Settings(PostgresServer primary, PostgresServer standby) =>
    [
        (StorageOptions.EngineSetting, StorageOptions.PostgreSql),
        (
            StorageOptions.PostgresSetting,
            string.Create(
                CultureInfo.InvariantCulture,
                $"Host=127.0.0.1:{primary.Port},127.0.0.1:{standby.Port};Username=skald;Database=postgres")),
    ];

    private static async Task SayAsync(ChatSocket socket, string text)
    {
        await socket.SayAsync("global", text);
        await socket.SkipToAsync("ack");
    }

    /// <summary>As a client does it: again and again until it is stored.</summary>
    private static Task PublishAsync(TestUser user, string text, string clientMessageId) => Deadline.UntilAsync(
        async () =>
        {
            using var answer = await user.PublishAsync("global", text, clientMessageId);
            Assert.True(answer.IsSuccessStatusCode || (int)answer.StatusCode >= 500, $"{answer.StatusCode}");
            return answer.IsSuccessStatusCode;
        },
        "it is stored");

    private static async Task<string[]> HistoryAsync(TestUser user) =>
        [.. (await user.HistoryAsync("global")).Select(message => message.GetProperty("message").GetString()!)];
}
