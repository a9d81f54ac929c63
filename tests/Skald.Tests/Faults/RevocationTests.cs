using System.Net;
using System.Net.Http.Json;
using System.Reflection;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Skald.Server.Accounts.Sessions;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>
/// P-26: whoever is signed out, by whatever, is off all sockets at once, hears nothing more, and does not come back with anything old.
/// </summary>
public sealed class RevocationTests
{
    private const string Room = "global";

    /// <summary>Of a machine that does other things too, and of few trials; in full it is the promise's own.</summary>
    private static readonly TimeSpan MostUntilClosed = Seed.Full ? TimeSpan.FromSeconds(1) : TimeSpan.FromSeconds(5);

    [Fact]
    [Attack("A-30")]
    [Attack("A-34")]
    public async Task Revoked_user_is_off_all_sockets_hears_nothing_more_and_cannot_return()
    {
        var trials = await TryAsync(Seed.Count(24, 200), weaken: _ => { });

        Assert.All(trials, trial => Assert.Equal((0, 0, 0), (trial.Open, trial.FramesAfterClose, trial.Returned)));
        var times = trials.Select(trial => trial.Time).Order().ToArray();
        var p99 = times[(times.Length * 99 + 99) / 100 - 1];
        Console.WriteLine($"    {times.Length} revocations: last socket closed after p50 {times[times.Length / 2].TotalMilliseconds:f1} ms, p99 {p99.TotalMilliseconds:f1} ms");
        Assert.True(p99 < MostUntilClosed, $"p99 is {p99}.");
    }

    [Fact]
    public async Task Sockets_that_never_hear_of_it_stay_open()
    {
        var trials = await TryAsync(1, Deafen);

        Assert.Equal(3, Assert.Single(trials).Open);
    }

    /// <summary>Nobody is told that a session has ended: as if that event had been lost.</summary>
    private static void Deafen(SkaldServer server) =>
        typeof(SessionLifecycle).GetField("Ended", BindingFlags.Instance | BindingFlags.NonPublic)!.SetValue(
            server.Services.GetRequiredService<SessionLifecycle>(),
            null);

    private static async Task<List<Trial>> TryAsync(int count, Action<SkaldServer> weaken)
    {
        await using var server = await SkaldServer.StartAsync([("Accounts:RefreshGrace", "00:00:00")]);
        var bob = await server.RegisterAsync("bob");
        await server.RegisterAsync("ann");
        weaken(server);
        using var publisher = new LoggedClient(new ClientLog("publisher"));
        await publisher.ConnectAsync(server.SocketAddress($"/ws/?token={bob.Access}"));
        using var enough = new CancellationTokenSource();
        var publishing = Task.Run(async () =>
        {
            for (var n = 0; !enough.IsCancellationRequested; n++)
                Assert.True(await publisher.SendAsync(Room, $"message-{n:d8}"));
        });
        var trials = new List<Trial>();
        for (var n = 0; n < count; n++)
        {
            var (ann, elsewhere) = (await server.LoginAsync("ann"), await server.LoginAsync("ann"));
            trials.Add(await TryAsync(ann, elsewhere, Ways[n % Ways.Length]));
        }

        await enough.CancelAsync();
        await publishing;
        return trials;
    }

    private static readonly Func<TestUser, TestUser, Task<HttpResponseMessage>>[] Ways =
    [
        (_, elsewhere) => elsewhere.SendAsync(HttpMethod.Delete, "/api/me/sessions/"),
        async (ann, _) =>
        {
            // The first use is the owner's, the second the thief's.
            (await ann.Server.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh = ann.Refresh })).EnsureSuccessStatusCode()
                .Dispose();
            return await ann.Server.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh = ann.Refresh });
        },
        (_, elsewhere) =>
            elsewhere.SendAsync(HttpMethod.Post, "/api/me/password/", new { current_password = "12345678", new_password = "12345678" }),
        (ann, _) => ann.SendAsync(HttpMethod.Post, "/api/logout/"),
    ];

    private static async Task<Trial> TryAsync(TestUser ann, TestUser elsewhere, Func<TestUser, TestUser, Task<HttpResponseMessage>> revoke)
    {
        var server = ann.Server;
        var ticket = await ann.TicketAsync();
        using var byToken = await RawWebSocket.OpenAsync(server.SocketAddress($"/ws/?token={ann.Access}"));
        await byToken.SendAsync(WireFrame.OfText($$"""{"type":"join","room":"{{Room}}"}"""));
        using var byFrame = await RawWebSocket.OpenAsync(server.SocketAddress("/ws/"));
        await byFrame.SendAsync(WireFrame.OfText($$"""{"type":"auth","token":"{{ann.Access}}"}"""));
        await byFrame.SendAsync(WireFrame.OfText($$"""{"type":"join","room":"{{Room}}"}"""));
        using var ofRoom = await RawWebSocket.OpenAsync(server.SocketAddress($"/ws/chat/{Room}/?token={ann.Access}"));
        RawWebSocket[] sockets = [byToken, byFrame, ofRoom];
        foreach (var socket in sockets)
            await UntilMessageAsync(socket);

        var started = TimeProvider.System.GetTimestamp();
        var closing = sockets.Select(socket => UntilClosedAsync(socket, started)).ToArray();
        using var response = await revoke(ann, elsewhere);
        Assert.True(response.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.Unauthorized, $"{response.StatusCode}");
        var ends = await Task.WhenAll(closing);
        return new Trial(
            ends.Count(end => end.Time is null),
            ends.Max(end => end.Time ?? TimeSpan.Zero),
            ends.Sum(end => end.FramesAfterClose),
            await CountReturnsAsync(ann, ticket));
    }

    private static async Task UntilMessageAsync(RawWebSocket socket)
    {
        while (await socket.ReadAsync() is { } frame)
        {
            if (frame.Opcode == WireFrame.TextCode && JsonElement.Parse(frame.Payload).GetProperty("type").GetString() == "chat_message")
                return;
        }

        Assert.Fail("It was closed before it was revoked.");
    }

    /// <returns>When it was closed, null for never; and what still came then.</returns>
    private static async Task<(TimeSpan? Time, int FramesAfterClose)> UntilClosedAsync(RawWebSocket socket, long started)
    {
        // Not a wait for nothing: messages come all the time, and the reading ends with the first that comes too late.
        while (await socket.ReadAsync() is { } frame)
        {
            var time = TimeProvider.System.GetElapsedTime(started);
            if (frame.Opcode == WireFrame.CloseCode)
            {
                var after = 0;
                await socket.SendAsync(WireFrame.Close(4401));
                while (await socket.ReadAsync() is not null)
                    after++;
                return (time, after);
            }

            if (time > MostUntilClosed)
                return (null, 0);
        }

        return (TimeProvider.System.GetElapsedTime(started), 0);
    }

    private static async Task<int> CountReturnsAsync(TestUser ann, string ticket)
    {
        var server = ann.Server;
        var returned = 0;
        foreach (var address in new[] { $"/ws/?token={ann.Access}", $"/ws/chat/{Room}/?token={ann.Access}", $"/ws/?ticket={ticket}" })
            returned += (await RawHttp.HandshakeAsync(server.Address, address)).Status == 101 ? 1 : 0;
        using var refreshed = await server.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh = ann.Refresh });
        using var me = await ann.SendAsync(HttpMethod.Get, "/api/me/");
        return returned + (refreshed.IsSuccessStatusCode ? 1 : 0) + (me.IsSuccessStatusCode ? 1 : 0);
    }

    /// <param name="Open">Sockets that were never closed.</param>
    /// <param name="Time">Until the last one was.</param>
    /// <param name="FramesAfterClose">What came after a close.</param>
    /// <param name="Returned">Ways by which an old credential still led in.</param>
    private sealed record Trial(int Open, TimeSpan Time, int FramesAfterClose, int Returned);
}
