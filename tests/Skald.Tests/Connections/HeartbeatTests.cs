using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Skald.Protocol;
using Skald.Server.Connections;
using Skald.Server.Storage.Sqlite;
using Skald.Server.Transport;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>Peers that are gone are found, and those that are there are left alone.</summary>
public sealed class HeartbeatTests
{
    [Fact]
    public async Task Silent_peer_is_pinged_after_15_s_and_not_before()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        var ann = await server.RegisterAsync("ann");
        using var silent = await RawHttp.UpgradeAsync(server.Address, $"/ws/chat/global/?token={ann.Access}&since=0");
        await silent.SkipToAsync("joined");

        clock.Advance(TimeSpan.FromSeconds(14));
        await ann.PublishAsync("global", "nothing before this");
        Assert.Equal(WebSocketFrame.Text, (await silent.ReadFrameAsync())!.Opcode);
        clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(WebSocketFrame.Ping, (await silent.ReadFrameAsync())!.Opcode);
    }

    [Fact]
    public async Task Peer_that_does_not_answer_the_ping_is_cut_off()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        var ann = await server.RegisterAsync("ann");
        using var dead = await RawHttp.UpgradeAsync(server.Address, $"/ws/?token={ann.Access}");
        await dead.SkipToAsync("ready");

        clock.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(WebSocketFrame.Ping, (await dead.ReadFrameAsync())!.Opcode);
        clock.Advance(TimeSpan.FromSeconds(12));

        await dead.ExpectEndAsync();
    }

    [Theory]
    [InlineData(WebSocketFrame.Pong)]
    [InlineData(WebSocketFrame.Ping)]
    [InlineData(WebSocketFrame.Text)]
    public async Task Peer_that_is_heard_of_stays(byte opcode)
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        var ann = await server.RegisterAsync("ann");
        using var alive = await RawHttp.UpgradeAsync(server.Address, $"/ws/?token={ann.Access}");
        await alive.SkipToAsync("ready");

        for (var minute = 0; minute < 5; minute++)
        {
            clock.Advance(TimeSpan.FromSeconds(15));
            Assert.Equal(WebSocketFrame.Ping, (await alive.ReadFrameAsync())!.Opcode);
            await alive.WriteAsync(RawHttp.Frame(opcode, """{"type":"leave","room":"a"}"""u8));
            // Both are read in order: when this is answered, that has been heard.
            await alive.SendTextAsync("""{"type":"ping","id":1}""");
            await alive.SkipToAsync("pong");
        }
    }

    [Fact]
    public async Task Ping_of_the_peer_is_answered_with_its_payload()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        using var raw = await RawHttp.UpgradeAsync(server.Address, $"/ws/?token={ann.Access}");
        await raw.SkipToAsync("ready");
        var payload = Enumerable.Range(0, 125).Select(n => (byte)n).ToArray();

        await raw.WriteAsync(RawHttp.Frame(WebSocketFrame.Ping, payload));

        var pong = (await raw.ReadFrameAsync())!;
        Assert.Equal(WebSocketFrame.Pong, pong.Opcode);
        Assert.Equal(payload, pong.Payload);
    }

    [Fact]
    public async Task Peer_that_does_not_answer_our_close_is_cut_off_after_2_s()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        var ann = await server.RegisterAsync("ann");
        using var mute = await RawHttp.UpgradeAsync(server.Address, $"/ws/?token={ann.Access}");
        await mute.SkipToAsync("ready");

        await ann.SendAsync(HttpMethod.Post, "/api/logout/");
        Assert.Equal(4401, await mute.ExpectCloseAsync());
        clock.Advance(TimeSpan.FromSeconds(4));

        await mute.ExpectEndAsync();
    }

    [Fact]
    public async Task Disk_that_stalls_while_a_session_is_looked_up_delays_no_ping()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        var ann = await server.RegisterAsync("ann");
        using var silent = await RawHttp.UpgradeAsync(server.Address, $"/ws/?token={ann.Access}");
        await silent.SkipToAsync("ready");
        using var disk = new ManualResetEventSlim();
        var database = server.Services.GetRequiredService<SqliteDatabase>();
        var stalled = Enumerable.Range(0, Environment.ProcessorCount).Select(_ => database.ReadAsync(_ => disk.Wait(Deadline.Default)))
            .ToArray();
        try
        {
            clock.Jump(TimeSpan.FromDays(2));   // the session has expired, for all that memory can tell
            clock.Advance(TimeSpan.FromSeconds(1));
            clock.Advance(TimeSpan.FromSeconds(15));

            Assert.Equal(WebSocketFrame.Ping, (await silent.ReadFrameAsync())!.Opcode);
        }
        finally
        {
            disk.Set();
            await Task.WhenAll(stalled);
        }

        Assert.Equal(4401, await silent.ExpectCloseAsync());
    }

    /// <summary>A connection may end in the very moment in which the clock looks at it.</summary>
    [Fact]
    public async Task Connection_that_ends_under_the_clocks_eyes_does_not_stop_the_clock()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        var registry = server.Services.GetRequiredService<ConnectionRegistry>();
        using var stream = new MemoryStream();
        var socket = new UpgradedStream(stream, () => throw new ObjectDisposedException("HttpContext"));
        using var gone = server.Services.NewConnection(socket);
        registry.Add(gone);
        gone.Close(CloseCode.Drain);

        clock.Advance(TimeSpan.FromSeconds(5));   // its time to answer the close is over

        await using var other = await ChatSocket.OpenAsync(server.SocketAddress("/ws/"));
        await other.SendAsync(new { type = "ping", id = 1 });
        await other.ExpectErrorAsync("not_authenticated");
        clock.Advance(TimeSpan.FromSeconds(12));
        Assert.Equal(4401, await other.ExpectCloseAsync());
        registry.Remove(gone);
        Assert.False(server.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested);
    }
}
