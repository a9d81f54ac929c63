using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>How many rooms one connection may be in, and one user may bring into being.</summary>
public sealed class RoomLimitTests
{
    [Fact]
    public async Task One_connection_may_be_in_128_rooms()
    {
        await using var server = await SkaldServer.StartAsync(
            [("Limits:Enabled", "true"), ("Limits:CommandsPerConnection", "0"), ("Limits:NewRoomsPerUserPerMinute", "0")], new FakeClock());
        await using var socket = await (await server.RegisterAsync("ann")).ConnectAsync();
        for (var i = 1; i <= 128; i++)
            await socket.JoinAsync($"room-{i}");

        await socket.SendAsync(new { type = "join", id = "more", room = "room-129" });
        var refused = await socket.ExpectErrorAsync("too_many_rooms");
        await socket.JoinAsync("room-128", since: 0);   // it is in this one already
        await socket.SendAsync(new { type = "leave", room = "room-1" });
        await socket.JoinAsync("room-129");

        Assert.Equal(("more", "room-129"), (refused.GetProperty("re").GetString(), refused.GetProperty("room").GetString()));
    }

    [Fact]
    public async Task One_user_may_bring_30_rooms_into_being_a_minute()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true"), ("Limits:CommandsPerConnection", "0")], clock);
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ann.ConnectAsync();
        for (var i = 1; i <= 30; i++)
            await socket.JoinAsync($"room-{i}");

        await socket.SendAsync(new { type = "join", id = 31, room = "room-31" });
        var refused = await socket.ExpectErrorAsync("rate_limited");
        await socket.JoinAsync("room-30");
        using var published = await ann.PublishAsync("room-31", "x");
        var handshake = await RawHttp.HandshakeAsync(server.Address, $"/ws/chat/room-31/?token={ann.Access}");

        Assert.Equal(("room-31", 2_000), (refused.GetProperty("room").GetString(), refused.GetProperty("retry_after_ms").GetInt32()));
        Assert.Equal(429, (int)published.StatusCode);
        Assert.Equal((429, "rate_limited"), (handshake.Status, handshake.Code));
        clock.Advance(TimeSpan.FromSeconds(2));
        await socket.JoinAsync("room-31");
    }
}
