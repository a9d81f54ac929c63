using Skald.Tests.Conversation.Rooms;
using Skald.Tests.Harness;

namespace Skald.Tests.Cluster;

/// <summary>Private rooms of several nodes: a right that ends on one ends on all, at its place in the log.</summary>
public sealed class RoomsOfNodesTests
{
    [Fact]
    public async Task Member_who_is_removed_on_one_node_reads_up_to_the_removal_on_another()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (ann, bob) = (await cluster[0].RegisterAsync("ann"), await cluster[0].RegisterAsync("bob"));
        var room = await ann.MakePrivateAsync("bob");
        await using var there = await (bob with { Server = cluster[1] }).JoinAsync(room);

        (await ann.PublishAsync(room, "before")).EnsureSuccessStatusCode();
        await ann.RemoveAsync(room, "bob");
        (await ann.PublishAsync(room, "behind")).EnsureSuccessStatusCode();

        Assert.Equal("before", (await there.ExpectAsync("chat_message")).GetProperty("message").GetString());
        Assert.Equal("remove", (await there.ExpectAsync("entry")).GetProperty("op").GetString());
        Assert.Equal(3, (await there.ExpectAsync("left")).GetProperty("seq").GetInt64());
    }

    /// <summary>The other node has the room in memory, and no reader in it: it is told of nothing, and yet stores nothing wrong.</summary>
    [Fact]
    public async Task Node_that_has_not_heard_of_a_removal_stores_nothing_of_who_was_removed()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (ann, bob) = (await cluster[0].RegisterAsync("ann"), await cluster[0].RegisterAsync("bob"));
        var there = bob with { Server = cluster[1] };
        var room = await ann.MakePrivateAsync("bob");
        for (var round = 0; round < 20; round++)
        {
            Assert.Null(await there.PublishAsync(room, $"before {round}").CodeAsync());
            await ann.RemoveAsync(room, "bob");
            Assert.Equal("forbidden", await there.PublishAsync(room, $"behind {round}").CodeAsync());
            Assert.Equal("forbidden", await there.PublishAsync(room, $"behind {round}", $"behind-message-{round}").CodeAsync());
            await ann.AddAsync(room, "bob");
        }

        Assert.DoesNotContain(
            await ann.HistoryAsync(room),
            message => message.GetProperty("message").GetString()!.StartsWith("behind", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_owners_who_demote_each_other_on_two_nodes_leave_one()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (ann, bob) = (await cluster[0].RegisterAsync("ann"), await cluster[0].RegisterAsync("bob"));
        var room = await ann.MakePrivateAsync("bob");
        for (var round = 0; round < 10; round++)
        {
            var (first, other) = (await ann.ExplainAsync(room, "set_room")).GetProperty("allowed").GetBoolean() ? (ann, bob) : (bob, ann);
            Assert.Null(await first.ChangeMembersAsync(room, "role", [other.Username], "owner").CodeAsync());
            var codes = await Task.WhenAll(
                ann.ChangeMembersAsync(room, "role", ["bob"], "member").CodeAsync(),
                (bob with { Server = cluster[1] }).ChangeMembersAsync(room, "role", ["ann"], "member").CodeAsync());

            Assert.Single(codes, code => code is null);
            Assert.Single(codes, code => code == "forbidden");
        }
    }

    [Fact]
    public async Task What_was_changed_on_one_node_is_so_on_another()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (ann, bob) = (await cluster[0].RegisterAsync("ann"), await cluster[0].RegisterAsync("bob"));
        var there = bob with { Server = cluster[1] };
        var room = await ann.MakePrivateAsync();

        Assert.Equal("room_not_found", await there.SendAsync(HttpMethod.Get, $"/api/rooms/{room}/").CodeAsync());
        await ann.AddAsync(room, "bob");
        Assert.Equal(2, (await there.ReadRoomAsync(room)).GetProperty("members").GetInt32());
        (await ann.ChangeRoomAsync(room, new { title = "Büro" })).EnsureSuccessStatusCode();
        Assert.Equal("Büro", (await there.ReadRoomAsync(room)).GetProperty("title").GetString());
        await ann.RemoveAsync(room, "bob");
        Assert.Equal("forbidden", await there.SendAsync(HttpMethod.Get, $"/api/rooms/{room}/").CodeAsync());
    }
}
