using System.Text.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Conversation.Rooms;

/// <summary>Rights that change while they are used: what counts is the place in the log.</summary>
[BothEngines]
public sealed class RightsRaceTests
{
    /// <summary>Whatever the order in which the two come in, the log says which was first, and the answers agree with it.</summary>
    [Fact]
    public async Task Send_before_the_removal_is_stored_and_one_behind_it_is_refused_in_every_interleaving()
    {
        const int Rounds = 200, Sends = 5;   // 1,000 sends
        await using var server = await SkaldServer.StartAsync();
        var (ann, bob) = (await server.RegisterAsync("ann"), await server.RegisterAsync("bob"));
        var room = await ann.MakePrivateAsync();
        await using var owner = await ann.ConnectAsync();
        await using var member = await bob.ConnectAsync();
        var stored = new HashSet<string>(StringComparer.Ordinal);
        for (var round = 0; round < Rounds; round++)
        {
            await ann.AddAsync(room, "bob");
            var remove = owner.SendAsync(new { type = "members", id = round + 1, room, op = "remove", users = new[] { "bob" } });
            for (var n = 0; n < Sends; n++)
                await member.SendAsync(new { type = "send", id = n + 1, room, message = $"{round}-{n}" });
            await remove;
            Assert.Equal("ack", (await owner.ReceiveAsync()).GetProperty("type").GetString());
            for (var n = 0; n < Sends; n++)
            {
                var answer = await member.ReceiveAsync();
                if (answer.GetProperty("type").GetString() == "ack")
                    stored.Add($"{round}-{answer.GetProperty("re").GetInt32() - 1}");
                else
                    Assert.Equal("forbidden", answer.GetProperty("code").GetString());
            }
        }

        // Read as one who missed nothing: each message of bob's stands while he is a member.
        await using var reader = await ann.ConnectAsync();
        var end = (await reader.JoinAsync(room, since: 0)).GetProperty("seq").GetInt64();
        var isMember = false;
        var read = new HashSet<string>(StringComparer.Ordinal);
        JsonElement frame;
        do
        {
            frame = await reader.ReceiveAsync();
            if (frame.GetProperty("type").GetString() == "entry")
            {
                isMember = frame.GetProperty("op").GetString() == "add";
            }
            else
            {
                Assert.True(isMember, $"{frame} was stored while its sender was no member.");
                read.Add(frame.GetProperty("message").GetString()!);
            }
        }
        while (frame.GetProperty("seq").GetInt64() < end);
        Assert.Equal(stored.Order(StringComparer.Ordinal), read.Order(StringComparer.Ordinal));
    }

    /// <summary>Joining while one is removed ends in a refusal or in a <c>left</c>, and never in something behind the removal.</summary>
    [Fact]
    public async Task Who_joins_while_being_removed_is_sent_nothing_behind_the_removal()
    {
        const int Rounds = 100;
        await using var server = await SkaldServer.StartAsync();
        var (ann, bob) = (await server.RegisterAsync("ann"), await server.RegisterAsync("bob"));
        var room = await ann.MakePrivateAsync();
        for (var round = 0; round < Rounds; round++)
        {
            await ann.AddAsync(room, "bob");
            await using var socket = await bob.ConnectAsync();
            var removing = ann.RemoveAsync(room, "bob");
            await socket.SendAsync(new { type = "join", id = 1, room, since = 0 });
            await removing;
            (await ann.PublishAsync(room, $"behind {round}")).EnsureSuccessStatusCode();
            await socket.SendAsync(new { type = "ping", id = 2 });

            var last = 0L;
            for (var frame = await socket.ReceiveAsync(); ; frame = await socket.ReceiveAsync())
            {
                var type = frame.GetProperty("type").GetString();
                Assert.NotEqual($"behind {round}", frame.TryGetProperty("message", out var text) ? text.GetString() : null);
                if (type is "chat_message" or "entry")
                    last = frame.GetProperty("seq").GetInt64();
                if (type == "left")
                    Assert.Equal(last, frame.GetProperty("seq").GetInt64());
                if (type == "error")
                    Assert.Equal("forbidden", frame.GetProperty("code").GetString());
                if (type is "left" or "error")
                    break;
            }
        }
    }
}
