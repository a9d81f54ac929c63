using System.Net.Http.Json;
using System.Text.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>The same <c>client_msg_id</c> from the same user in the same room stores nothing new, whichever way it comes.</summary>
[BothEngines]
public sealed class RepeatedSendTests
{
    [Fact]
    public async Task Fifty_identical_sends_at_once_over_http_and_sockets_store_one_message()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var reader = await ann.JoinAsync("global");
        var sockets = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => ann.ConnectAsync()));

        var answers = await Task.WhenAll(
        [
            .. Enumerable.Range(0, 25).Select(_ => PublishAsync(ann)),
            .. sockets.Select(SendAsync),
            .. (await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => ann.OpenRoomAsync("global", "&since=1000")))).Select(SendToRoomAsync),
        ]);

        Assert.Equal(50, answers.Length);
        Assert.Single(answers, answer => !answer.GetProperty("duplicate").GetBoolean());
        Assert.All(answers, answer => Assert.Equal(1, answer.GetProperty("seq").GetInt64()));
        Assert.Single(await ann.HistoryAsync("global"));

        // Readers saw it once: what comes next has the next number.
        await ann.PublishAsync("global", "next");
        Assert.Equal(["one and only", "next"], await reader.ReceiveMessagesAsync(2));
        foreach (var socket in sockets)
            await socket.DisposeAsync();
    }

    [Fact]
    public async Task Repeat_is_answered_with_the_message_stored_the_first_time_even_if_the_text_differs()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ann.ConnectAsync();
        await socket.SayAsync("global", "first text", "12345678");
        var first = await socket.ExpectAsync("ack");

        await socket.SayAsync("global", "second text", "12345678");
        var ack = await socket.ExpectAsync("ack");
        using var response = await ann.PublishAsync("global", "third text", "12345678");
        var published = await response.Content.ReadFromJsonAsync<JsonElement>();

        Assert.False(first.TryGetProperty("message", out _));
        Assert.True(ack.GetProperty("duplicate").GetBoolean());
        Assert.Equal("first text", ack.GetProperty("message").GetString());
        Assert.Equal(first.GetProperty("timestamp").GetString(), ack.GetProperty("timestamp").GetString());
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal(("first text", true, 1), (
            published.GetProperty("message").GetString(), published.GetProperty("duplicate").GetBoolean(),
            published.GetProperty("seq").GetInt64()));
    }

    [Fact]
    public async Task Id_belongs_to_its_user_and_room()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        var bob = await server.RegisterAsync("bob");

        foreach (var (user, room) in new[] { (ann, "global"), (bob, "global"), (ann, "tech") })
        {
            using var response = await user.PublishAsync(room, $"{user.Username} in {room}", "12345678");
            Assert.Equal(201, (int)response.StatusCode);
        }

        using var repeated = await bob.PublishAsync("global", "again", "12345678");
        Assert.Equal(200, (int)repeated.StatusCode);
    }

    [Fact]
    public async Task Repeats_within_one_batch_store_one_message_and_leave_no_hole()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ann.JoinAsync("global");

        for (var i = 0; i < 200; i++)
            await socket.SendAsync(new { type = "send", room = "global", message = $"{i / 2}", client_msg_id = $"message-{i / 2}" });

        Assert.Equal(Enumerable.Range(0, 100).Select(n => $"{n}"), await socket.ReceiveMessagesAsync(100));
        Assert.Equal(
            Enumerable.Range(1, 100).Select(seq => (long)seq),
            (await ann.HistoryAsync("global", "?limit=1000")).Select(message => message.GetProperty("seq").GetInt64()));
    }

    [Fact]
    public async Task Repeat_after_a_restart_is_still_one()
    {
        using var data = new TestDirectory();
        await using (var before = await SkaldServer.StartAsync(data: data.Path))
        {
            (await (await before.RegisterAsync("ann")).PublishAsync("global", "once", "12345678")).EnsureSuccessStatusCode();
            await before.StopAsync();
        }

        await using var server = await SkaldServer.StartAsync(data: data.Path);
        var ann = await server.LoginAsync("ann");
        using var response = await ann.PublishAsync("global", "again", "12345678");

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("once", Assert.Single(await ann.HistoryAsync("global")).GetProperty("message").GetString());
    }

    private static async Task<JsonElement> PublishAsync(TestUser user)
    {
        using var response = (await user.PublishAsync("global", "one and only", "0b9f2c1e-7f3a")).EnsureSuccessStatusCode();
        var stored = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(stored.GetProperty("duplicate").GetBoolean() ? 200 : 201, (int)response.StatusCode);
        return stored;
    }

    private static async Task<JsonElement> SendAsync(ChatSocket socket)
    {
        await socket.SayAsync("global", "one and only", "0b9f2c1e-7f3a");
        return await socket.SkipToAsync("ack");
    }

    private static async Task<JsonElement> SendToRoomAsync(ChatSocket socket)
    {
        await using var _ = socket;
        await socket.SendAsync(new { message = "one and only", client_msg_id = "0b9f2c1e-7f3a", id = 1 });
        return await socket.SkipToAsync("ack");
    }
}
