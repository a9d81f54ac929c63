using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>Sockets that are streams of one HTTP/2 connection, as a browser opens them where TLS has agreed on HTTP/2 (RFC 8441).</summary>
public sealed class StreamSocketTests : IDisposable
{
    private readonly HttpMessageInvoker _client;
    private int _connections;

    public StreamSocketTests() => _client = new HttpMessageInvoker(new SocketsHttpHandler
    {
        SslOptions = { RemoteCertificateValidationCallback = TestCertificate.Accept },
        InitialHttp2StreamWindowSize = 65_535,
        ConnectCallback = ConnectAsync,
    });

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Stream_is_a_socket_like_any_other()
    {
        await using var server = await StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var socket = await OpenAsync(ann);
        await using var room = await ChatSocket.OpenStreamAsync(
            server.SocketAddress($"/ws/chat/global/?token={ann.Access}&since=0"),
            _client);
        await room.ExpectAsync("joined");
        await socket.JoinAsync("global");

        // More than a request's body may have: what a socket sends is none.
        var text = new string('x', 4_000);
        for (var n = 0; n < 40; n++)
        {
            await socket.SayAsync("global", $"{n:d4}{text[4..]}");
            await socket.SkipToAsync("ack");
        }

        Assert.Equal(Enumerable.Range(0, 40).Select(n => $"{n:d4}"), (await room.ReceiveMessagesAsync(40)).Select(message => message[..4]));
        await socket.CloseAsync();
        Assert.Equal(WebSocketCloseStatus.NormalClosure, socket.CloseStatus);
        Assert.Equal(1, _connections);
        Assert.DoesNotContain(
            server.Log.Lines,
            line => line.StartsWith("Error", StringComparison.Ordinal) || line.StartsWith("Critical", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Handshake_is_judged_as_over_HTTP_1_1()
    {
        await using var server = await StartAsync([("Limits:ConnectionsPerAddress", "1"), ("Limits:Enabled", "true")]);
        var ann = await server.RegisterAsync("ann");
        await AssertRefusedAsync(server, "/ws/?token=wrong", 403, "token_not_valid");
        await AssertRefusedAsync(server, "/ws/chat/global/", 403, "not_authenticated");
        await AssertRefusedAsync(server, $"/ws/?token={ann.Access}", 403, "forbidden", ("Origin", "https://evil.example"));
        await AssertRefusedAsync(server, $"/ws/?token={ann.Access}", 426, "upgrade_required", ("Sec-WebSocket-Version", "8"));
        await AssertRefusedAsync(server, $"/ws/?token={ann.Access}", 426, "upgrade_required", protocol: "webtransport");
        await AssertRefusedAsync(server, $"/ws/chat/global/?token={ann.Access}&since=x", 400, "bad_request");

        await using var only = await ChatSocket.OpenStreamAsync(
            server.SocketAddress("/ws/"), _client, ("Origin", $"https://{server.Address.Authority}"),
            ("Authorization", $"Bearer {ann.Access}"));
        await only.ExpectAsync("ready");
        await AssertRefusedAsync(server, $"/ws/?token={ann.Access}", 429, "rate_limited");
    }

    [Fact]
    public async Task Stream_that_is_cut_off_leaves_the_others_of_its_connection_alone()
    {
        var clock = new FakeClock();
        await using var server = await StartAsync(clock: clock);
        var ann = await server.RegisterAsync("ann");
        var bob = await server.RegisterAsync("bob");
        await using var mute = await OpenAsync(ann);   // does not read, so it answers no close
        await using var other = await OpenAsync(bob);
        await other.JoinAsync("global");

        await ann.SendAsync(HttpMethod.Post, "/api/logout/");
        await Deadline.UntilAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                return server.Services.CountSockets() == 1;
            },
            "the mute socket is cut off");

        await other.SayAsync("global", "still here");
        Assert.Equal(["still here"], await other.ReceiveMessagesAsync(1));
        Assert.Equal(1, _connections);
        // The stream is gone although its client never said so.
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            while (true)
                Assert.NotNull(await mute.ReceiveTextAsync());
        });
    }

    [Fact]
    public async Task Stream_whose_client_resets_it_ends_alone()
    {
        await using var server = await StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var lost = await OpenAsync(ann);
        await using var other = await OpenAsync(ann);
        await other.JoinAsync("global");

        lost.Cut();
        await Deadline.UntilAsync(() => server.Services.CountSockets() == 1, "the server has noticed");

        await other.SayAsync("global", "still here");
        Assert.Equal(["still here"], await other.ReceiveMessagesAsync(1));
        Assert.DoesNotContain(
            server.Log.Lines,
            line => line.StartsWith("Error", StringComparison.Ordinal) || line.StartsWith("Critical", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Stream_that_is_not_read_is_closed_as_slow_and_delays_no_other_of_its_connection()
    {
        await using var server = await StartAsync(
            [("Limits:MessagesBehind", "50"), ("Limits:Enabled", "true"), ("Limits:MessagesPerUser", "0"),
             ("Limits:MessagesPerRoom", "0"), ("Limits:CommandsPerConnection", "0")]);
        var ann = await server.RegisterAsync("ann");
        await using var slow = await OpenAsync(ann);
        await slow.JoinAsync("global");
        await using var quick = await OpenAsync(ann);
        await quick.JoinAsync("global");

        // Far more than the client's window for a stream and what the server gathers for it.
        var text = new string('x', 4_000);
        for (var n = 0; n < 400; n++)
        {
            (await ann.PublishAsync("global", $"{n:d4}{text[4..]}")).EnsureSuccessStatusCode().Dispose();
            Assert.Equal($"{n:d4}", (await quick.ReceiveMessagesAsync(1))[0][..4]);
            if (Closed())
                break;
        }

        Assert.True(Closed());
        await quick.SayAsync("global", "still here");
        await quick.SkipToAsync("ack");
        Assert.Equal(1, _connections);

        bool Closed() => server.Log.Lines.Any(line => line.Contains("4008 slow_consumer", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Drain_tells_every_stream_of_a_connection()
    {
        await using var server = await StartAsync();
        var ann = await server.RegisterAsync("ann");
        ChatSocket[] sockets = [await OpenAsync(ann), await OpenAsync(ann), await OpenAsync(ann)];

        var stopping = server.StopAsync();

        foreach (var socket in sockets)
        {
            Assert.True((await socket.ExpectAsync("closing")).TryGetProperty("reconnect_after_ms", out _));
            Assert.Equal(4001, await socket.ExpectCloseAsync());
            await socket.CloseAsync();
        }

        await stopping.Within();
        foreach (var socket in sockets)
            await socket.DisposeAsync();
    }

    private static Task<SkaldServer> StartAsync((string, string)[]? settings = null, TimeProvider? clock = null) =>
        SkaldServer.StartAsync(settings, clock, certificate: TestCertificate.Value);

    private async Task<ChatSocket> OpenAsync(TestUser user)
    {
        var socket = await ChatSocket.OpenStreamAsync(user.Server.SocketAddress($"/ws/?token={user.Access}"), _client);
        await socket.ExpectAsync("ready");
        return socket;
    }

    private async Task AssertRefusedAsync(
        SkaldServer server, string path, int status, string code, (string Name, string Value)? header = null, string protocol = "websocket")
    {
        using var request = new HttpRequestMessage(HttpMethod.Connect, new Uri(server.Address, path));
        (request.Version, request.VersionPolicy, request.Headers.Protocol) =
            (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact, protocol);
        if (header?.Name != "Sec-WebSocket-Version")
            request.Headers.Add("Sec-WebSocket-Version", "13");
        if (header is var (name, value))
            request.Headers.Add(name, value);
        using var response = await _client.SendAsync(request, Deadline.Token());
        Assert.Equal(
            (status, code),
            ((int)response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString()));
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _connections);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(context.DnsEndPoint, cancellation);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
