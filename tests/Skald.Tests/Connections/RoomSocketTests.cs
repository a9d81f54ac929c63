using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>The origin's room socket, as docs/protocol.md has it.</summary>
public sealed class RoomSocketTests
{
    [Fact]
    public async Task Everyone_in_the_room_receives_what_one_says_and_so_does_the_sender()
    {
        await using var server = await SkaldServer.StartAsync();
        await using var ann = await (await server.RegisterAsync("ann")).OpenRoomAsync("global");
        await using var bob = await (await server.RegisterAsync("bob")).OpenRoomAsync("global");

        await ann.SendTextAsync("""{"message": "Hello world"}""");

        Assert.Equal(["Hello world"], await ann.ReceiveMessagesAsync(1));
        var received = await bob.ReceiveAsync();
        Assert.Equal("chat_message", received.GetProperty("type").GetString());
        Assert.Equal("Hello world", received.GetProperty("message").GetString());
        Assert.Equal("ann", received.GetProperty("username").GetString());
        Assert.Equal(1, received.GetProperty("seq").GetInt64());
    }
}
