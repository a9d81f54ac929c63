using System.Net.Http.Json;
using System.Text.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Rooms;

/// <summary>Rooms that come into being on first use, and those that do not.</summary>
public sealed class AutoCreateTests
{
    [Fact]
    public async Task Room_comes_into_being_on_each_way_in()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ann.ConnectAsync();

        Assert.Equal(0, (await socket.JoinAsync("by-join")).GetProperty("seq").GetInt64());
        await socket.SayAsync("by-send", "Hi");
        Assert.Equal(1, (await socket.ExpectAsync("ack")).GetProperty("seq").GetInt64());
        using var published = await ann.PublishAsync("by-http", "Hi");
        Assert.Equal(201, (int)published.StatusCode);
        await using var room = await ann.OpenRoomAsync("by-address", "&since=0");
        await room.ExpectAsync("joined");
    }

    [Fact]
    public async Task Reading_the_history_makes_no_room()
    {
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true"), ("Limits:NewRoomsPerUserPerMinute", "1")]);
        var ann = await server.RegisterAsync("ann");

        for (var i = 0; i < 5; i++)
            Assert.Empty(await ann.HistoryAsync($"nobody-{i}"));

        using var published = await ann.PublishAsync("the-first", "Hi");
        Assert.Equal(201, (int)published.StatusCode);
    }

    [Fact]
    public async Task Without_AutoCreate_a_room_that_is_not_there_is_not_found_on_every_way_in()
    {
        await using var server = await SkaldServer.StartAsync([("Rooms:AutoCreate", "false")]);
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ann.ConnectAsync();

        await socket.SendAsync(new { type = "join", id = 1, room = "nowhere" });
        Assert.Equal("nowhere", (await socket.ExpectErrorAsync("room_not_found")).GetProperty("room").GetString());
        await socket.SendAsync(new { type = "resume", id = 2, rooms = new { nowhere = 0, global = 0 } });
        Assert.Equal(2, (await socket.ExpectErrorAsync("room_not_found")).GetProperty("re").GetInt32());
        Assert.Equal("global", (await socket.ExpectAsync("joined")).GetProperty("room").GetString());
        await socket.SayAsync("nowhere", "Hi");
        Assert.Equal("nowhere", (await socket.ExpectErrorAsync("room_not_found")).GetProperty("room").GetString());

        using var published = await ann.PublishAsync("nowhere", "Hi");
        Assert.Equal((404, "room_not_found"), ((int)published.StatusCode, await CodeAsync(published)));
        using var history = await ann.SendAsync(HttpMethod.Get, "/api/chat/history/nowhere/");
        Assert.Equal((404, "room_not_found"), ((int)history.StatusCode, await CodeAsync(history)));
        var handshake = await RawHttp.HandshakeAsync(server.Address, $"/ws/chat/nowhere/?token={ann.Access}");
        Assert.Equal((404, "room_not_found"), (handshake.Status, handshake.Code));
    }

    [Fact]
    public async Task Without_AutoCreate_global_is_there_and_so_is_every_room_that_was_made_before()
    {
        using var data = new TestDirectory();
        await using (var before = await SkaldServer.StartAsync(data: data.Path))
            (await (await before.RegisterAsync("ann")).PublishAsync("tech", "Hi")).EnsureSuccessStatusCode();

        await using var server = await SkaldServer.StartAsync([("Rooms:AutoCreate", "false")], data: data.Path);
        var ann = await server.LoginAsync("ann");
        await using var socket = await ann.JoinAsync("global", "tech");

        await socket.SayAsync("tech", "Ho");
        Assert.Equal(["Ho"], await socket.ReceiveMessagesAsync(1));
    }

    [Fact]
    public async Task Names_differ_by_case_and_only_names_are_rooms()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        (await ann.PublishAsync("Tech", "upper")).EnsureSuccessStatusCode();
        (await ann.PublishAsync(new string('r', 100), "long")).EnsureSuccessStatusCode();

        Assert.Empty(await ann.HistoryAsync("tech"));
        foreach (var name in new[] { "no.dots", "no%20space", "%F0%9F%91%8B", new string('r', 101), "..%2Fetc", "%00" })
        {
            using var published = await ann.PublishAsync(name, "Hi");
            Assert.Contains((int)published.StatusCode, new[] { 400, 404 });
            using var history = await ann.SendAsync(HttpMethod.Get, $"/api/chat/history/{name}/");
            Assert.Contains((int)history.StatusCode, new[] { 400, 404 });
        }
    }

    private static async Task<string?> CodeAsync(HttpResponseMessage response) =>
        (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString();
}
