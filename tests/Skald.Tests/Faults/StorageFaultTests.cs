using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Skald.Protocol;
using Skald.Server.Storage.Sqlite;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>P-4 and P-10 when the storage refuses: every send has an answer, reads go on, and what was acked is there.</summary>
public sealed class StorageFaultTests
{
    [Fact]
    public async Task Full_database_refuses_every_send_serves_every_read_and_recovers()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        var checker = new Checker();
        using var client = new LoggedClient(checker.NewClient("ann"));
        await client.ConnectAsync(server.SocketAddress($"/ws/?token={ann.Access}"));
        await client.JoinAsync("global");
        await SayAsync(client, "before", 100);

        await PragmaAsync(server, "max_page_count", 1);   // SQLite keeps it at what is used: not one page more
        await SayAsync(client, "full", 300);
        Assert.Contains(client.Log.Take(), e => e is Refused { Code: "storage_full" });
        Assert.DoesNotContain(client.Log.Take(), e => e is Refused { Code: not "storage_full" });
        Assert.NotEmpty(await ann.HistoryAsync("global"));
        Assert.Equal(HttpStatusCode.OK, (await server.Http.GetAsync("/readyz")).StatusCode);

        await PragmaAsync(server, "max_page_count", 1 << 30);
        Assert.True(await client.SendAsync("global", "after-it-was-full"));

        var history = await HistoryReader.ReadAsync(server.Http, ann.Access, "global");
        Assert.NotNull(history.Find("after-it-was-full"));
        await client.UntilAsync("global", history.Messages.Count);
        client.Stay("global");
        checker.AssertHolds(history);
    }

    [Fact]
    public async Task Database_that_another_program_holds_refuses_sends_and_recovers()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        var checker = new Checker();
        using var client = new LoggedClient(checker.NewClient("ann"));
        await client.ConnectAsync(server.SocketAddress($"/ws/?token={ann.Access}"));
        await client.JoinAsync("global");

        await using (var shell = new SqliteConnection($"Data Source={Path.Combine(server.Data, "skald.db")};Pooling=false"))
        {
            await shell.OpenAsync();
            await using var command = shell.CreateCommand();
            command.CommandText = "BEGIN IMMEDIATE";
            await command.ExecuteNonQueryAsync();
            await SayAsync(client, "held", 3);
            command.CommandText = "ROLLBACK";
            await command.ExecuteNonQueryAsync();
        }

        await SayAsync(client, "free", 3);

        var history = await HistoryReader.ReadAsync(server.Http, ann.Access, "global");
        Assert.All(client.Log.Take().OfType<Refused>(), refused => Assert.StartsWith("held", refused.Text, StringComparison.Ordinal));
        Assert.Equal(3, history.Messages.Count(m => m.Text.StartsWith("free", StringComparison.Ordinal)));
        await client.UntilAsync("global", history.Messages.Count);
        client.Stay("global");
        checker.AssertHolds(history);
    }

    [Fact]
    public async Task Node_whose_storage_stores_again_is_ready_again_and_one_that_drains_meanwhile_says_so_to_the_next_handshake()
    {
        RefusingStore? store = null;
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(
            clock: clock,
            configure: services => RefusingStore.Install(services, s => store = s));
        var ann = await server.RegisterAsync("ann");
        using var mute = await RawHttp.UpgradeAsync(server.Address, $"/ws/?token={ann.Access}");
        await mute.SkipToAsync("ready");
        store!.Refusal = ErrorCode.StorageFailed;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await ann.PublishAsync("global", "refused")).StatusCode);
        Assert.Equal("storage_failed", await ReadyzAsync(server));

        store.Refusal = null;
        Assert.Equal(HttpStatusCode.Created, (await ann.PublishAsync("global", "stored")).StatusCode);
        Assert.Equal("ready", await ReadyzAsync(server));

        store.Refusal = ErrorCode.StorageFailed;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await ann.PublishAsync("global", "refused again")).StatusCode);
        var stopping = server.StopAsync();
        Assert.Equal(4001, await mute.ExpectCloseAsync());
        Assert.Equal("storage_failed", await ReadyzAsync(server));
        var handshake = await RawHttp.HandshakeAsync(server.Address, $"/ws/?token={ann.Access}");
        Assert.Equal((503, "shutting_down"), (handshake.Status, handshake.Code));
        mute.Dispose();
        await clock.MoveUntilAsync(stopping);
    }

    [Fact]
    public async Task Reader_that_needs_the_log_while_too_many_read_it_waits_and_goes_on()
    {
        RefusingStore? store = null;
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(
            clock: clock,
            configure: services => RefusingStore.Install(services, s => store = s));
        var ann = await server.RegisterAsync("ann");
        for (var n = 1; n <= 3; n++)
            (await ann.PublishAsync("global", $"{n}")).EnsureSuccessStatusCode();
        await using var reader = await ann.ConnectAsync();

        store!.ReadRefusal = ErrorCode.Overloaded;
        await reader.JoinAsync("global", since: 0);
        await Deadline.UntilAsync(() => clock.IsAwaited(TimeSpan.FromMilliseconds(250)), "the reader waits");
        clock.Advance(TimeSpan.FromMilliseconds(250));
        await Deadline.UntilAsync(() => clock.IsAwaited(TimeSpan.FromMilliseconds(250)), "the reader waits again");

        store.ReadRefusal = null;
        clock.Advance(TimeSpan.FromMilliseconds(250));
        Assert.Equal(["1", "2", "3"], await reader.ReceiveMessagesAsync(3));
        Assert.DoesNotContain(server.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    private static async Task<string?> ReadyzAsync(SkaldServer server)
    {
        using var answer = await server.Http.GetAsync("/readyz");
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("status").GetString();
    }

    private static async Task SayAsync(LoggedClient client, string text, int count)
    {
        for (var i = 0; i < count; i++)
            Assert.True(await client.SendAsync("global", $"{text}-{i:d8}"));
    }

    private static Task<bool> PragmaAsync(SkaldServer server, string pragma, int value) =>
        server.Services.GetRequiredService<SqliteDatabase>().WriteAsync(connection =>
        {
            using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Our own constants.
            command.CommandText = $"PRAGMA {pragma} = {value}";
#pragma warning restore CA2100
            command.ExecuteNonQuery();
            return true;
        });
}
