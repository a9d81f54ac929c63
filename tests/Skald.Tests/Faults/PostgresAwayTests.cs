using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Skald.Server.Database;
using Skald.Server.Operations;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>PostgreSQL goes away under a server that runs: nothing that was acknowledged is lost, and it comes back by itself.</summary>
public sealed class PostgresAwayTests
{
    [Theory]
    [InlineData("stopped")]
    [InlineData("killed")]
    [InlineData("frozen")]
    public async Task Sends_are_refused_at_once_as_to_be_tried_again_and_go_on_when_it_is_back(string how)
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var server = await SkaldServer.StartAsync(
        [
            (StorageOptions.EngineSetting, StorageOptions.PostgreSql),
            (StorageOptions.PostgresSetting, postgres.ConnectionString("postgres")),
        ]);
        var ann = await server.RegisterAsync("ann");
        await using var writer = await ann.JoinAsync("global");
        await using var reader = await ann.JoinAsync("global");
        await writer.SendAsync(Meanwhile(1, "before"));
        await writer.SkipToAsync("ack");
        await reader.SkipToAsync("chat_message");

        if (how == "stopped")
            await postgres.StopAsync();
        else if (how == "killed")
            await postgres.KillAsync();
        else
            postgres.Freeze();

        // What was under way may be stored or not: who sent it is told to connect anew and to repeat it.
        var asked = Stopwatch.GetTimestamp();
        await writer.SendAsync(Meanwhile(2, "meanwhile"));
        Assert.Contains(await EndAsync(writer), new[] { "storage_failed", "4010" });
        Assert.InRange(Stopwatch.GetElapsedTime(asked), TimeSpan.Zero, TimeSpan.FromSeconds(6));
        // Once it is known, nobody waits for a time-out, and nobody is cut off.
        asked = Stopwatch.GetTimestamp();
        await reader.SendAsync(Meanwhile(3, "meanwhile"));
        Assert.Equal("storage_failed", await EndAsync(reader));
        Assert.InRange(Stopwatch.GetElapsedTime(asked), TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await server.Http.GetAsync("/readyz")).StatusCode);
        await reader.SendAsync(new { type = "ping", id = 4 });
        await reader.SkipToAsync("pong");

        if (how == "frozen")
            postgres.Thaw();
        else
            await postgres.StartAgainAsync();

        var readiness = server.Services.GetRequiredService<Readiness>();
        await Deadline.UntilAsync(() => readiness.NotReadyBecause is null, "it is ready again, though nobody sends");
        await reader.SendAsync(Meanwhile(5, "meanwhile"));
        await reader.SkipToAsync("ack");
        Assert.Equal(
            ["before", "meanwhile"],
            (await ann.HistoryAsync("global")).Select(message => message.GetProperty("message").GetString()));
    }

    [Fact]
    public async Task Silence_is_noticed_while_nobody_sends_and_logins_work_after_a_restart_of_PostgreSQL()
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var server = await SkaldServer.StartAsync(
        [
            (StorageOptions.EngineSetting, StorageOptions.PostgreSql),
            (StorageOptions.PostgresSetting, postgres.ConnectionString("postgres")),
        ]);
        await server.RegisterAsync("ann");

        await postgres.StopAsync();
        var readiness = server.Services.GetRequiredService<Readiness>();
        await Deadline.UntilAsync(() => readiness.NotReadyBecause == "storage_failed", "it says so");
        await postgres.StartAgainAsync();

        await server.LoginAsync("ann");   // by connections of before, all of which have ended
    }

    [Fact]
    public async Task Message_whose_commit_was_never_heard_of_is_stored_and_read_once_when_it_is_sent_again()
    {
        await using var postgres = await PostgresServer.StartAsync();

        var (history, received) = await LoseTheAnswerAsync(postgres);

        Assert.Equal(["before", "meanwhile", "after"], history);
        Assert.Equal(history, received);
    }

    /// <summary>The control of the one before: nothing in the database tells a repeat.</summary>
    [Fact]
    public async Task Without_the_index_of_what_clients_named_it_is_stored_twice()
    {
        await using var postgres = await PostgresServer.StartAsync();

        var (history, _) = await LoseTheAnswerAsync(postgres, "DROP INDEX messages_by_client_msg_id");

        Assert.Equal(["before", "meanwhile", "meanwhile", "after"], history);
    }

    /// <summary>A network takes what is sent to PostgreSQL, and brings nothing back.</summary>
    private static async Task<(string[] History, string[] Received)> LoseTheAnswerAsync(PostgresServer postgres, string? before = null)
    {
        await using var network = new FaultProxy(new UriBuilder("tcp", "127.0.0.1", postgres.Port).Uri, seed: 1);
        var through = network.Through(new UriBuilder("tcp", "127.0.0.1", postgres.Port).Uri).Port;
        await using var server = await SkaldServer.StartAsync(
        [
            (StorageOptions.EngineSetting, StorageOptions.PostgreSql),
            (StorageOptions.PostgresSetting, $"Host=127.0.0.1;Port={through};Username=skald;Database=postgres"),
        ]);
        var ann = await server.RegisterAsync("ann");
        await using var reader = await ann.JoinAsync("global");
        if (before is not null)
            await postgres.ExecuteAsync("postgres", before);
        (await ann.PublishAsync("global", "before", "message-before")).EnsureSuccessStatusCode();

        var received = reader.ReceiveMessagesAsync(3);
        var unheard = HttpStatusCode.ServiceUnavailable;
        await Deadline.UntilAsync(
            async () =>
            {
                unheard = await SendUnheardAsync(postgres, network, ann);
                return unheard != HttpStatusCode.ServiceUnavailable;   // which is said where the commit has waited too long: try again
            },
            "the message is stored, and nobody hears of it");
        Assert.Equal(HttpStatusCode.InternalServerError, unheard);
        Assert.Equal(2L, await postgres.ExecuteAsync("postgres", "SELECT count(*) FROM messages"));   // it is stored

        foreach (var text in new[] { "meanwhile", "after" })
        {
            await Deadline.UntilAsync(
                async () =>
                {
                    using var answer = await ann.PublishAsync("global", text, $"message-{text}");
                    return answer.IsSuccessStatusCode;
                },
                "it is stored");
        }

        var history = (await ann.HistoryAsync("global")).Select(message => message.GetProperty("message").GetString()!).ToArray();
        return (history, await received);
    }

    /// <summary>The commit is held up until the network is as it should be: the server looks after the connection in between.</summary>
    private static async Task<HttpStatusCode> SendUnheardAsync(PostgresServer postgres, FaultProxy network, TestUser user)
    {
        const string Waits =
            "SELECT true FROM pg_stat_activity WHERE application_name LIKE 'skald append%' AND wait_event_type = 'Lock'";
        await using var connection = new NpgsqlConnection(postgres.ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync(Deadline.Token());
        await using var holding = await connection.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("SELECT FROM room_heads FOR UPDATE", connection))
            await hold.ExecuteNonQueryAsync();
        var answering = user.PublishAsync("global", "meanwhile", "message-meanwhile");
        await Deadline.UntilAsync(
            async () => answering.IsCompleted || await postgres.ExecuteAsync("postgres", Waits) is true, "the commit is held up");
        network.Down.Swallows = true;
        await holding.RollbackAsync();
        using var answer = await answering;
        network.CutAll(reset: true);
        network.Down.Swallows = false;
        return answer.StatusCode;
    }

    private static object Meanwhile(int id, string text) =>
        new { type = "send", id, room = "global", message = text, client_msg_id = $"message-{text}" };

    /// <returns>The code of the error or of the close that comes next.</returns>
    private static async Task<string> EndAsync(ChatSocket socket)
    {
        while (await socket.ReceiveTextAsync() is { } frame)
        {
            var answer = JsonElement.Parse(frame);
            if (answer.GetProperty("type").GetString() == "error")
                return answer.GetProperty("code").GetString()!;
        }

        return $"{(int?)socket.CloseStatus}";
    }
}
