using Skald.Server.History;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>How many messages one user may send, and one room takes, over all sockets and HTTP.</summary>
public sealed class SendRateTests
{
    [Fact]
    public async Task One_user_may_send_20_a_second_over_all_sockets_and_http()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true"), ("Limits:CommandsPerConnection", "0")], clock);
        var ann = await server.RegisterAsync("ann");
        await using var first = await ann.ConnectAsync();
        await using var second = await ann.ConnectAsync();

        for (var i = 0; i < 20; i++)
        {
            await first.SayAsync("global", "from the first");
            await first.ExpectAsync("ack");
            await second.SayAsync("tech", "from the second");
            await second.ExpectAsync("ack");
        }

        await first.SayAsync("global", "too many");
        var refused = await first.ExpectErrorAsync("rate_limited");
        using var published = await ann.PublishAsync("elsewhere", "too many");

        Assert.Equal("global", refused.GetProperty("room").GetString());
        Assert.Equal(50, refused.GetProperty("retry_after_ms").GetInt32());
        Assert.Equal(429, (int)published.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), published.Headers.RetryAfter!.Delta);

        clock.Advance(TimeSpan.FromMilliseconds(50));
        using var later = await ann.PublishAsync("global", "in time");
        Assert.Equal(201, (int)later.StatusCode);
        Assert.Equal(21, (await ann.HistoryAsync("global")).Length);
    }

    [Fact]
    public async Task One_room_takes_200_a_second_from_all_together()
    {
        await using var server = await SkaldServer.StartAsync(
            [("Limits:Enabled", "true"), ("Limits:CommandsPerConnection", "0"), ("Limits:MessagesPerUser", "0"),
             ("Limits:MessagesPerRoom", "5")],
            new FakeClock());
        var ann = await server.RegisterAsync("ann");
        var bob = await server.RegisterAsync("bob");
        await using var first = await ann.ConnectAsync();
        await using var second = await bob.ConnectAsync();

        for (var i = 0; i < 5; i++)
        {
            await first.SayAsync("global", "x");
            await first.ExpectAsync("ack");
            await second.SayAsync("global", "x");
            await second.ExpectAsync("ack");
        }

        await first.SayAsync("global", "too many");
        await first.ExpectErrorAsync("rate_limited");
        await second.SayAsync("global", "too many");
        await second.ExpectErrorAsync("rate_limited");
        await first.SayAsync("tech", "another room");
        await first.ExpectAsync("ack");
    }

    [Fact]
    public void Default_rate_of_a_room_is_200() => Assert.Equal(200, new LogLimits().MessagesPerRoom);
}
