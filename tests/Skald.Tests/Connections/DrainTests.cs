using System.Data.Common;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Skald.Server.Database;
using Skald.Server.Operations;
using Skald.Server.Rooms;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>A server that is told to stop says so first, answers what was sent, and loses nothing.</summary>
public sealed class DrainTests
{
    [Fact]
    public async Task Sockets_are_told_when_to_come_back_and_closed_with_4001()
    {
        await using var server = await SkaldServer.StartAsync([("Connections:DrainSpread", "00:00:05")]);
        var ann = await server.RegisterAsync("ann");
        await using var skald = await ann.JoinAsync("global");
        await using var room = await ann.OpenRoomAsync("global", "&since=0");
        await room.ExpectAsync("joined");

        var stopping = server.StopAsync();

        foreach (var socket in new[] { skald, room })
        {
            var closing = await socket.ExpectAsync("closing");
            Assert.Equal((4001, "drain", true), (
                closing.GetProperty("code").GetInt32(), closing.GetProperty("reason").GetString(),
                closing.GetProperty("reconnect").GetBoolean()));
            Assert.InRange(closing.GetProperty("reconnect_after_ms").GetInt32(), 0, 5_000);
            Assert.Equal(4001, await socket.ExpectCloseAsync());
            await socket.CloseAsync();
        }

        await stopping.Within();
    }

    [Fact]
    public async Task Readiness_goes_first_handshakes_and_sends_are_refused_and_a_mute_client_is_not_waited_for()
    {
        // With the server's time standing still, the drain waits for the client that does not answer.
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        var ann = await server.RegisterAsync("ann");
        using var mute = await RawHttp.UpgradeAsync(server.Address, $"/ws/?token={ann.Access}");
        await mute.SkipToAsync("ready");
        Assert.Equal(200, (int)(await server.Http.GetAsync("/readyz")).StatusCode);

        var stopping = server.StopAsync();
        Assert.Equal(4001, await mute.ExpectCloseAsync());

        using var ready = await server.Http.GetAsync("/readyz");
        Assert.Equal(503, (int)ready.StatusCode);
        Assert.Equal("draining", (await ready.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("status").GetString());
        Assert.Equal(200, (int)(await server.Http.GetAsync("/healthz")).StatusCode);
        foreach (var address in new[] { "/ws/", "/ws/chat/global/" })
        {
            var handshake = await RawHttp.HandshakeAsync(server.Address, $"{address}?token={ann.Access}");
            Assert.Equal((503, "shutting_down"), (handshake.Status, handshake.Code));
            Assert.NotEmpty(handshake.Headers["Retry-After"]);
        }

        using var send = await ann.PublishAsync("global", "too late");
        Assert.Equal(503, (int)send.StatusCode);
        Assert.Equal("shutting_down", (await send.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());

        Assert.False(stopping.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(5));
        await mute.ExpectEndAsync();
        await clock.MoveUntilAsync(stopping);
    }

    /// <summary>
    /// Between its admission and its place among the open sockets a handshake may wait, here for the first use of a room.
    /// </summary>
    [Fact]
    public async Task Handshake_under_way_is_waited_for_and_told_as_every_other_socket()
    {
        var rooms = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await SkaldServer.StartAsync(
            [("Connections:DrainTime", "00:01:00")],
            configure: services => services.AddSingleton(provider => new RoomStore(
                new SlowDatabase(provider.GetRequiredService<IDatabase>(), asked, rooms.Task),
                provider.GetRequiredService<TimeProvider>())));
        var ann = await server.RegisterAsync("ann");
        var opening = ann.OpenRoomAsync("slow");
        await asked.Task.Within();

        var stopping = server.StopAsync();
        await Deadline.UntilAsync(
            () => server.Log.Lines.Any(line => line.Contains("Draining 0 sockets", StringComparison.Ordinal)),
            "the drain has begun");
        Assert.False(stopping.IsCompleted);
        rooms.SetResult();

        await using var late = await opening.Within();
        Assert.True((await late.ExpectAsync("closing")).TryGetProperty("reconnect_after_ms", out _));
        Assert.Equal(4001, await late.ExpectCloseAsync());
        await late.CloseAsync();
        await stopping.Within();
    }

    [Fact]
    public async Task Drain_after_the_storage_has_failed_shuts_the_door_too()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        var ann = await server.RegisterAsync("ann");
        using var mute = await RawHttp.UpgradeAsync(server.Address, $"/ws/?token={ann.Access}");
        await mute.SkipToAsync("ready");
        server.Services.GetRequiredService<Readiness>().Add(NotReadyReasons.StorageFailed);
        Assert.Equal(101, (await RawHttp.HandshakeAsync(server.Address, $"/ws/?token={ann.Access}")).Status);

        var stopping = server.StopAsync();
        Assert.Equal(4001, await mute.ExpectCloseAsync());

        Assert.Equal("shutting_down", (await RawHttp.HandshakeAsync(server.Address, $"/ws/?token={ann.Access}")).Code);
        mute.Dispose();
        await clock.MoveUntilAsync(stopping);
    }

    [Fact]
    public async Task Hang_up_drains_as_every_other_stop()
    {
        using var data = new TestDirectory();
        // Whoever runs the tests may ignore SIGHUP (nohup), and what it starts inherits that.
        await using var server = await SkaldProcess.StartAsync(data.Path, "env", "--default-signal=HUP");
        await using var socket = await ChatSocket.OpenAsync(server.SocketAddress($"/ws/?token={await server.SignInAsync("ann")}"));
        await socket.ExpectAsync("ready");

        var stopping = server.HangUpAsync();

        await socket.ExpectAsync("closing");
        Assert.Equal(4001, await socket.ExpectCloseAsync());
        await socket.CloseAsync();
        Assert.Equal(0, await stopping);
    }

    [Fact]
    public async Task Every_send_in_flight_is_acked_or_refused_and_nothing_acked_is_lost()
    {
        using var data = new TestDirectory();
        var ends = new List<SendEnd>();
        await using (var server = await SkaldServer.StartAsync(data: data.Path))
        {
            var ann = await server.RegisterAsync("ann");
            var senders = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => ann.ConnectAsync()));
            var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var sending = senders.Select((socket, n) => SendUntilClosedAsync(socket, n, first)).ToArray();

            await first.Task.Within();
            await server.StopAsync().Within();
            foreach (var sent in await Task.WhenAll(sending))
                ends.AddRange(sent);
            Assert.Contains(ends, end => end.Seq is not null);
        }

        await using var again = await SkaldServer.StartAsync(data: data.Path);
        var back = await again.LoginAsync("ann");
        var stored = new Dictionary<string, long>(StringComparer.Ordinal);
        JsonElement[] page;
        for (var after = 0L; (page = await back.HistoryAsync("global", $"?limit=1000&after={after}")).Length > 0; after += page.Length)
        {
            Assert.Equal(after + 1, page[0].GetProperty("seq").GetInt64());
            foreach (var message in page)
                Assert.True(stored.TryAdd(message.GetProperty("message").GetString()!, message.GetProperty("seq").GetInt64()));
        }

        Assert.All(ends.Where(end => end.Seq is not null), end => Assert.Equal(end.Seq, stored.GetValueOrDefault(end.Text)));
        Assert.All(ends.Where(end => end.Refusal is not null), end => Assert.DoesNotContain(end.Text, stored.Keys));
        Assert.All(ends.Where(end => end.Refusal is not null), end => Assert.Equal("shutting_down", end.Refusal));
    }

    [Fact]
    public async Task Epoch_and_positions_outlive_a_restart()
    {
        using var data = new TestDirectory();
        string epoch;
        await using (var before = await SkaldServer.StartAsync(data: data.Path))
        {
            var ann = await before.RegisterAsync("ann");
            (await ann.PublishAsync("global", "1")).EnsureSuccessStatusCode();
            await using var socket = await ann.ConnectAsync();
            epoch = (await socket.JoinAsync("global")).GetProperty("epoch").GetString()!;
            (await ann.PublishAsync("global", "2")).EnsureSuccessStatusCode();
            await socket.ReceiveMessagesAsync(1);
            await socket.CloseAsync();
            await before.StopAsync();
        }

        await using var server = await SkaldServer.StartAsync(data: data.Path);
        var back = await server.LoginAsync("ann");
        await using var again = await back.ConnectAsync();
        var joined = await again.JoinAsync("global", since: 1, epoch);
        await back.PublishAsync("global", "3");

        Assert.True(joined.GetProperty("complete").GetBoolean());
        Assert.Equal(["2", "3"], await again.ReceiveMessagesAsync(2));
    }

    /// <summary>Sends, with many answers still to come, until the server closes, and notes what became of each.</summary>
    private static async Task<SendEnd[]> SendUntilClosedAsync(ChatSocket socket, int sender, TaskCompletionSource first)
    {
        await using var _ = socket;
        var ends = new Dictionary<int, SendEnd>();
        var closed = false;
        using var open = new SemaphoreSlim(100);
        var sending = Task.Run(async () =>
        {
            for (var n = 1; !Volatile.Read(ref closed); n++)
            {
                try
                {
                    await open.WaitAsync(Deadline.Token());
                    await socket.SayAsync("global", $"{sender}:{n}");
                }
                catch (System.Net.WebSockets.WebSocketException)
                {
                    return;
                }
            }
        });
        while (await socket.ReceiveTextAsync() is { } text)
        {
            var frame = JsonElement.Parse(text);
            if (!frame.TryGetProperty("re", out var re))
                continue;
            var id = re.GetInt32();
            var ack = frame.GetProperty("type").GetString() == "ack";
            Assert.True(ends.TryAdd(id, new SendEnd(
                $"{sender}:{id}", ack ? frame.GetProperty("seq").GetInt64() : null, ack ? null : frame.GetProperty("code").GetString())));
            first.TrySetResult();
            open.Release();
        }

        Volatile.Write(ref closed, true);
        open.Release();
        Assert.Equal(4001, (int)socket.CloseStatus!.Value);
        await sending;
        await socket.CloseAsync();
        // Answers come in the order of the sends: what has none was sent after the close.
        Assert.Equal(Enumerable.Range(1, ends.Count), ends.Keys.Order());
        return [.. ends.Values];
    }

    /// <summary>Lets the first write pass, which makes the room of the start, and holds up those that follow.</summary>
    private sealed class SlowDatabase(IDatabase database, TaskCompletionSource asked, Task until) : DatabaseBehind(database)
    {
        private int _writes;

        public override async Task<T> WriteAsync<T>(Func<DbConnection, Task<T>> work)
        {
            if (Interlocked.Increment(ref _writes) > 1)
            {
                asked.TrySetResult();
                await until;
            }

            return await base.WriteAsync(work);
        }
    }

    private sealed record SendEnd(string Text, long? Seq, string? Refusal);
}
