using System.Text.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary><c>join</c>, <c>resume</c> and <c>leave</c> on the Skald socket.</summary>
public sealed class JoinCommandTests
{
    [Fact]
    public async Task Leave_ends_the_rooms_messages_and_needs_no_join_before()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ann.JoinAsync("one", "two");

        await socket.SendAsync(new { type = "leave", id = 9, room = "one" });
        var left = await socket.ExpectAsync("left");
        (await ann.PublishAsync("one", "not for us")).EnsureSuccessStatusCode();
        (await ann.PublishAsync("two", "for us")).EnsureSuccessStatusCode();

        Assert.Equal((9, "one"), (left.GetProperty("re").GetInt32(), left.GetProperty("room").GetString()));
        Assert.Equal("for us", (await socket.ReceiveAsync()).GetProperty("message").GetString());
        await socket.SendAsync(new { type = "leave", id = 10, room = "never-joined" });
        Assert.Equal(10, (await socket.ExpectAsync("left")).GetProperty("re").GetInt32());
    }

    [Fact]
    public async Task Joining_again_moves_the_cursor()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ann.JoinAsync("global");
        for (var n = 1; n <= 3; n++)
            (await ann.PublishAsync("global", $"{n}")).EnsureSuccessStatusCode();
        Assert.Equal(["1", "2", "3"], await socket.ReceiveMessagesAsync(3));

        await socket.JoinAsync("global", since: 1);
        Assert.Equal(["2", "3"], await socket.ReceiveMessagesAsync(2));
        (await ann.PublishAsync("global", "4")).EnsureSuccessStatusCode();
        Assert.Equal("4", (await socket.ExpectAsync("chat_message")).GetProperty("message").GetString());

        await socket.JoinAsync("global");
        (await ann.PublishAsync("global", "5")).EnsureSuccessStatusCode();
        Assert.Equal("5", (await socket.ExpectAsync("chat_message")).GetProperty("message").GetString());
    }

    [Fact]
    public async Task Resume_answers_for_each_room_and_goes_on_in_each()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        foreach (var (room, count) in new[] { ("one", 3), ("two", 2) })
        {
            for (var n = 1; n <= count; n++)
                (await ann.PublishAsync(room, $"{room} {n}")).EnsureSuccessStatusCode();
        }

        await using var socket = await ann.ConnectAsync();
        await socket.SendTextAsync("""{"type":"resume","id":"r","rooms":{"one":1,"no.such":4,"two":2,"three":0}}""");

        var answers = new List<JsonElement>();
        var messages = new List<string>();
        while (answers.Count < 4 || messages.Count < 2)
        {
            var frame = await socket.ReceiveAsync();
            if (frame.GetProperty("type").GetString() == "chat_message")
                messages.Add(frame.GetProperty("message").GetString()!);
            else
                answers.Add(frame);
        }

        Assert.Equal(["one 2", "one 3"], messages);
        Assert.All(answers, answer => Assert.Equal("r", answer.GetProperty("re").GetString()));
        Assert.Equal(
            ["joined one", "error no.such", "joined two", "joined three"],
            answers.Select(answer => $"{answer.GetProperty("type").GetString()} {answer.GetProperty("room").GetString()}"));
        Assert.Equal("room_not_found", answers[1].GetProperty("code").GetString());
    }
}
