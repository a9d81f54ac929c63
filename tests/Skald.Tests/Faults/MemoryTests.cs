using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>P-24: readers stop reading, all at once, and go on asking. What they cost has a bound.</summary>
public sealed class MemoryTests
{
    private const long MiB = 1024 * 1024;

    private const long Limit = 512 * MiB, Allowed = Limit - 64 * MiB, PagesAllowed = 30 * MiB;

    private static readonly int Deaf = Seed.Count(60, 1_000), Idle = Seed.Count(240, 4_000);

    [Fact]
    public async Task Readers_that_stop_at_once_cost_no_more_than_their_bound()
    {
        var used = await StopAtOnceAsync();

        Assert.True(used <= Allowed, $"The server held {used / MiB} MiB, not {Allowed / MiB}.");
    }

    [Fact]
    public async Task Without_the_bound_they_cost_more()
    {
        var used = await StopAtOnceAsync(
            ("Limits:AnswerBytesBehind", "2147483647"),
            ("Limits:WriteStall", "01:00:00"),
            ("Limits:PingInterval", "01:00:00"));

        Assert.True(used > Allowed, $"The server held {used / MiB} MiB, within its {Allowed / MiB}.");
    }

    [Fact]
    public async Task Pages_of_history_that_nobody_takes_cost_no_more_than_their_bound()
    {
        var grown = await AskForPagesAsync(messages: 300, length: 4_000);

        Assert.True(grown <= PagesAllowed, $"The server grew by {grown / MiB} MiB, not {PagesAllowed / MiB}.");
    }

    [Fact]
    public async Task Without_a_bound_on_a_page_and_on_their_number_they_cost_more()
    {
        var grown = await AskForPagesAsync(
            messages: 1,
            length: 900_000,   // a page of 5 MB: one message is always read, however long it may be
            ("Limits:MessageCodePoints", "1000000"), ("Limits:MessageBytes", "1000000"), ("Limits:RequestBodyBytes", "10000000"),
            ("Limits:HistoryRequestsPerUser", "0"));

        Assert.True(grown > PagesAllowed, $"The server grew by {grown / MiB} MiB, within {PagesAllowed / MiB}.");
    }

    /// <summary>One user asks for as much history as a page may hold, on 60 connections at once, and takes none of it.</summary>
    /// <param name="messages">How many the room holds.</param>
    /// <param name="length">Of each, in characters that are six times as long in JSON.</param>
    /// <param name="settings">Of the server.</param>
    /// <returns>By how many bytes the server has grown when all are answered.</returns>
    private static async Task<long> AskForPagesAsync(int messages, int length, params (string, string)[] settings)
    {
        const string Page = "/api/chat/history/global/?limit=1000";
        using var data = new TestDirectory();
        await using var server = await SkaldProcess.StartAsync(
            data.Path, [("Limits:Enabled", "true"), ("Limits:MessagesPerUser", "0"), ("Limits:MessagesPerRoom", "0"), .. settings], []);
        var access = await server.SignInAsync("ann");
        server.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", access);
        for (var n = 0; n < messages; n++)
            (await server.Http.PostAsJsonAsync("/api/rooms/global/messages/", new { message = new string('\u0001', length) }).Within())
                .EnsureSuccessStatusCode().Dispose();
        for (var n = 0; n < 20; n++)
            (await server.Http.GetAsync(Page).Within()).EnsureSuccessStatusCode().Dispose();

        var before = server.MostMemory;
        var deaf = new List<RawHttp>();
        for (var n = 0; n < 60; n++)
        {
            deaf.Add(await RawHttp.OpenAsync(server.Http.BaseAddress!, receiveBuffer: 4 * 1024));
            await deaf[^1].WriteAsync($"GET {Page} HTTP/1.1\r\nHost: chat\r\nAuthorization: Bearer {access}\r\n\r\n");
        }

        foreach (var connection in deaf)
            Assert.Equal('H', (char)(await connection.ReadByteAsync())!.Value);
        var grown = server.MostMemory - before;
        Assert.Equal(HttpStatusCode.OK, await server.ReadinessAsync());
        foreach (var connection in deaf)
            connection.Dispose();
        Console.WriteLine($"    60 connections that take nothing: {grown / MiB} MiB, of {PagesAllowed / MiB}");
        return grown;
    }

    /// <returns>The most memory that the server held, all it may have where it was killed for taking more.</returns>
    private static async Task<long> StopAtOnceAsync(params (string, string)[] settings)
    {
        using var data = new TestDirectory();
        using var box = new MemoryBox(Limit);
        await using var server = await SkaldProcess.StartAsync(data.Path, settings, box.Under);
        var address = server.SocketAddress($"/ws/?token={await server.SignInAsync("ann")}");
        using var healthy = new LoggedClient(new ClientLog("healthy"));
        await healthy.ConnectAsync(address);
        Assert.True(await healthy.SendAsync("global", "one-and-the-same", padding: 3_900));
        var sockets = new List<RawWebSocket>();
        for (var n = 0; n < Deaf + Idle; n++)
            sockets.Add(await RawWebSocket.OpenAsync(address, n < Deaf ? 4 * 1024 : null));

        var used = server.MostMemory;
        var asking = Task.WhenAll(sockets.Take(Deaf).Select(AskAsync));
        // They end when they are closed, or never.
        while (!asking.IsCompleted && used <= Allowed && await IsAnsweredAsync(healthy, server))
            used = Used();
        used = Used();

        foreach (var socket in sockets)
            socket.Reset();
        await asking;
        if (used <= Allowed)
            Assert.Equal(HttpStatusCode.OK, await server.ReadinessAsync());
        Console.WriteLine($"    {Deaf} of {Deaf + Idle} readers stopped: {used / MiB} MiB at most, of {Allowed / MiB}");
        return used;

        long Used() => server.MostMemory is var most and > 0 ? most : Limit;
    }

    private static async Task AskAsync(RawWebSocket socket)
    {
        var ask = WireFrame.OfText("""{"type":"send","id":1,"room":"global","message":"x","client_msg_id":"one-and-the-same"}""").Encode();
        try
        {
            while (true)
                await socket.SendAsync(ask);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Closed: nobody may ask for ever without listening.
        }
    }

    /// <summary>One who reads is served meanwhile.</summary>
    private static async Task<bool> IsAnsweredAsync(LoggedClient healthy, SkaldProcess server) =>
        !server.HasExited && await healthy.SendAsync("elsewhere", $"message-{Guid.NewGuid():N}");
}
