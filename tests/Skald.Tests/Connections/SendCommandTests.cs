using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary><c>send</c> on the Skald socket.</summary>
public sealed class SendCommandTests
{
    [Fact]
    public async Task Send_needs_no_join_and_its_ack_says_where_the_message_lies()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ann.ConnectAsync();

        var id = await socket.SayAsync("tech", "Hello", "12345678");

        var ack = await socket.ReceiveAsync();
        Assert.Equal(["type", "re", "room", "seq", "timestamp", "duplicate"], ack.EnumerateObject().Select(field => field.Name));
        Assert.Equal(
            (id, "tech", 1),
            (ack.GetProperty("re").GetInt32(), ack.GetProperty("room").GetString(), ack.GetProperty("seq").GetInt64()));
        var stored = Assert.Single(await ann.HistoryAsync("tech"));
        Assert.Equal(ack.GetProperty("timestamp").GetString(), stored.GetProperty("timestamp").GetString());
        Assert.Equal("12345678", stored.GetProperty("client_msg_id").GetString());
    }

    [Fact]
    [Attack("A-35")]
    public async Task Sender_is_the_session_whatever_the_frame_claims()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await server.RegisterAsync("bob");
        await using var socket = await ann.ConnectAsync();

        foreach (var claim in new[] { "username", "user", "user_id", "sender", "seq", "timestamp", "first_seq", "is_admin" })
        {
            await socket.SendTextAsync($$"""{"type":"send","id":1,"room":"global","message":"x","{{claim}}":"bob"}""");
            await socket.ExpectAsync("ack");
        }

        var history = await ann.HistoryAsync("global");
        Assert.Equal(Enumerable.Range(1, 8).Select(seq => (long)seq), history.Select(message => message.GetProperty("seq").GetInt64()));
        Assert.All(history, message => Assert.Equal("ann", message.GetProperty("username").GetString()));
    }
}
