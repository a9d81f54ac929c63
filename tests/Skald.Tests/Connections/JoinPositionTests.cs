using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>A join at a position that the log does not have: the client is told, and goes on from where it can.</summary>
public sealed class JoinPositionTests
{
    [Fact]
    public async Task Position_ahead_of_the_room_is_told_and_live_messages_follow()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        (await ann.PublishAsync("global", "1")).EnsureSuccessStatusCode();
        await using var socket = await ann.ConnectAsync();

        var joined = await socket.JoinAsync("global", since: 2);
        (await ann.PublishAsync("global", "2")).EnsureSuccessStatusCode();

        Assert.False(joined.GetProperty("complete").GetBoolean());
        Assert.Equal((1, 1), (joined.GetProperty("seq").GetInt64(), joined.GetProperty("since").GetInt64()));
        Assert.Equal(["2"], await socket.ReceiveMessagesAsync(1));
    }

    [Fact]
    public async Task Position_of_another_epoch_is_told_and_the_own_epoch_goes_on()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        (await ann.PublishAsync("global", "1")).EnsureSuccessStatusCode();
        await using var socket = await ann.ConnectAsync();

        var lost = await socket.JoinAsync("global", since: 0, epoch: "another");
        var held = await socket.JoinAsync("global", since: 0, epoch: lost.GetProperty("epoch").GetString());

        Assert.False(lost.GetProperty("complete").GetBoolean());
        Assert.Equal(1, lost.GetProperty("since").GetInt64());
        Assert.True(held.GetProperty("complete").GetBoolean());
        Assert.Equal(["1"], await socket.ReceiveMessagesAsync(1));
    }

    [Fact]
    public async Task Log_that_no_longer_reaches_back_goes_on_from_its_oldest_message_and_says_so()
    {
        using var data = new TestDirectory();
        await using (var before = await SkaldServer.StartAsync(data: data.Path))
        {
            var ann = await before.RegisterAsync("ann");
            for (var n = 1; n <= 6; n++)
                (await ann.PublishAsync("global", $"{n}")).EnsureSuccessStatusCode();
            await before.StopAsync();
        }

        // What retention will do one day.
        data.Execute("DELETE FROM messages WHERE seq < 4; UPDATE rooms SET first_seq = 4 WHERE name = 'global'");
        await using var server = await SkaldServer.StartAsync(data: data.Path);
        var back = await server.LoginAsync("ann");
        await using var socket = await back.ConnectAsync();

        var trimmed = await socket.JoinAsync("global", since: 1);
        Assert.Equal((false, 3, 4, 6), (
            trimmed.GetProperty("complete").GetBoolean(), trimmed.GetProperty("since").GetInt64(),
            trimmed.GetProperty("first_seq").GetInt64(), trimmed.GetProperty("seq").GetInt64()));
        Assert.Equal(["4", "5", "6"], await socket.ReceiveMessagesAsync(3));

        var justHeld = await socket.JoinAsync("global", since: 3);
        Assert.True(justHeld.GetProperty("complete").GetBoolean());
        Assert.Equal(["4", "5", "6"], await socket.ReceiveMessagesAsync(3));
        Assert.Equal(4, (await back.HistoryAsync("global", "?after=0"))[0].GetProperty("seq").GetInt64());
    }
}
