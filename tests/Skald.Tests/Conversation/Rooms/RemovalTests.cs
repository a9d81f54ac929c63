using Microsoft.Extensions.DependencyInjection;
using Skald.Server.History;
using Skald.Server.Storage.Sqlite;
using Skald.Tests.Harness;
using Xunit.Sdk;

namespace Skald.Tests.Conversation.Rooms;

/// <summary>A member who is removed while everybody talks gets nothing with a <c>seq</c> above the removal, and the removal last.</summary>
public sealed class RemovalTests
{
    private const int Members = 12, Sockets = 3, Rounds = 6;

    [Fact]
    public async Task Member_who_is_removed_is_sent_nothing_behind_the_removal_and_the_removal_last()
    {
        await using var server = await SkaldServer.StartAsync();

        await RemoveWhileAllTalkAsync(server);
    }

    /// <summary>The control of the one before.</summary>
    [Fact]
    public async Task Feed_that_is_not_told_who_was_removed_sends_them_more()
    {
        await using var server = await SkaldServer.StartAsync(configure: services => services.AddSingleton<IMessageStore>(
            provider => new ForgetsEndsStore(ActivatorUtilities.CreateInstance<SqliteMessageStore>(provider))));

        await Assert.ThrowsAnyAsync<XunitException>(() => RemoveWhileAllTalkAsync(server));
    }

    private static async Task RemoveWhileAllTalkAsync(SkaldServer server)
    {
        var ann = await server.RegisterAsync("ann");
        var members = new List<TestUser>();
        for (var n = 0; n < Members; n++)
            members.Add(await server.RegisterAsync($"member{n}"));
        var room = await ann.MakePrivateAsync([.. members.Select(member => member.Username)]);
        using var talk = new CancellationTokenSource();
        var talking = TalkAsync(ann, room, talk.Token);
        for (var round = 0; round < Rounds; round++)
        {
            // Some have read all, some begin, and some are behind when the removal comes.
            var sockets = new List<(string Of, ChatSocket Socket)>();
            foreach (var member in members)
            {
                for (var n = 0; n < Sockets; n++)
                {
                    var socket = await member.ConnectAsync();
                    await socket.SendAsync(new { type = "join", id = 1, room, since = n == 0 ? (int?)0 : null });
                    sockets.Add((member.Username, socket));
                }
            }

            var half = members.Where((_, n) => (n + round) % 2 == 0).Select(member => member.Username).ToArray();
            var removal = (await (await ann.ChangeMembersAsync(room, "remove", half)).BodyAsync()).GetProperty("seq").GetInt64();
            await Task.WhenAll(sockets.Where(one => half.Contains(one.Of)).Select(one => ExpectEndAsync(one.Socket, removal)));
            foreach (var (_, socket) in sockets)
                await socket.DisposeAsync();
            (await ann.ChangeMembersAsync(room, "add", half)).EnsureSuccessStatusCode();
        }

        await talk.CancelAsync();
        await talking;
    }

    private static async Task ExpectEndAsync(ChatSocket socket, long removal)
    {
        var last = 0L;
        while (true)
        {
            var frame = await socket.ReceiveAsync();
            switch (frame.GetProperty("type").GetString())
            {
                case "left":
                    Assert.Equal((removal, removal), (last, frame.GetProperty("seq").GetInt64()));
                    return;
                case "error":
                    // It joined when it was too late, and read nothing.
                    Assert.Equal(("forbidden", 0L), (frame.GetProperty("code").GetString(), last));
                    return;
                case "chat_message" or "entry":
                    last = frame.GetProperty("seq").GetInt64();
                    Assert.True(last <= removal, $"Removed by {removal}, and sent {last}.");
                    break;
            }
        }
    }

    private static async Task TalkAsync(TestUser user, string room, CancellationToken ended)
    {
        await using var socket = await user.ConnectAsync();
        for (var n = 0; !ended.IsCancellationRequested; n++)
        {
            await socket.SendAsync(new { type = "send", id = n + 1, room, message = $"{n}" });
            if (n >= 8)
                await socket.SkipToAsync("ack");
        }
    }
}
