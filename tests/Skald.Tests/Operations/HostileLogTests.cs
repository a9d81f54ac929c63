using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Skald.Protocol;
using Skald.Tests.Harness;

namespace Skald.Tests.Operations;

/// <summary>
/// A line of level Error or Critical is the server's own fault, and rings: no peer can write one by what it sends, or by coming and
/// going.
/// </summary>
public sealed class HostileLogTests
{
    private static ReadOnlySpan<byte> Http2Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    private static readonly (string Name, byte[] Bytes)[] OverSockets =
    [
        ("an unmasked frame", [0x81, 0x01, (byte)'x']),
        ("reserved bits", [0xF1, 0x80, 0, 0, 0, 0]),
        ("invalid UTF-8", RawHttp.Frame(WebSocketFrame.Text, [0xFF, 0xFE])),
        ("a close with code 1", RawHttp.Frame(WebSocketFrame.Close, [0, 1])),
        ("a frame that is too big", RawHttp.Frame(WebSocketFrame.Text, [], declaredLength: 1UL << 40)),
        ("a frame of bytes", RawHttp.Frame(WebSocketFrame.Binary, [1])),
        ("a frame that is no JSON", RawHttp.Frame(WebSocketFrame.Text, "{"u8)),
        ("half a frame", [0x81, 0xFE, 0x01]),
        ("a ping", RawHttp.Frame(WebSocketFrame.Ping, "x"u8)),
        ("a close", RawHttp.Frame(WebSocketFrame.Close, [0x03, 0xE8])),
    ];

    private static readonly string[] OverHttp =
    [
        "\u0016\u0003\u0001\u0002\u0000 no HTTP at all",
        "GET / HTTP/9.9\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n",
        "GET /%00%ff HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /ws/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\r\n",
        "CONNECT /ws/ HTTP/1.1\r\nHost: x\r\n\r\n",
        "CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n",
        "POST /api/login/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
        "POST /api/login/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
        "POST /api/rooms/global/messages/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"me\r\nZZ",
        "POST /api/rooms/global/messages/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
        "GET /api/chat/history/global/?limit=1000 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n",
    ];

    /// <summary>Types of frames of HTTP/2, with streams and payloads that fit nothing.</summary>
    private static readonly byte[][] OverHttp2 =
    [
        [0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 1],
        [0, 0, 5, 1, 5, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        [0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 4, 3, 0, 0, 0, 0, 9, 0, 0, 0, 8],
        [0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 3, 4, 0, 0, 0, 0, 0, 1, 2, 3],
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Attack("A-64")]
    public async Task No_peer_can_write_a_line_of_level_Error_by_what_it_sends(bool tls)
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock, certificate: tls ? TestCertificate.Value : null);
        var ann = await server.RegisterAsync("ann");

        foreach (var (name, bytes) in OverSockets)
        {
            ann = await server.LoginAsync("ann");   // more time may have passed than a token lives
            await ComeAsync(server, ann, bytes, waits: false);
            await ComeAsync(server, ann, bytes, waits: true);
            await EndAllAsync(server, clock, name);
        }

        ann = await server.LoginAsync("ann");
        foreach (var request in OverHttp)
        {
            using var raw = await RawHttp.OpenAsync(server.Address);
            await raw.WriteAsync(request.Replace("{token}", ann.Access, StringComparison.Ordinal));
        }

        await ComeWithoutTlsAsync(server, Encoding.ASCII.GetBytes("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
        await ComeWithoutTlsAsync(server, [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00]);
        await ComeWithoutTlsAsync(server, []);
        if (tls)
        {
            foreach (var bytes in OverHttp2)
                await ComeOverHttp2Async(server, bytes);
            foreach (var (name, bytes) in OverSockets)
            {
                ann = await server.LoginAsync("ann");
                await ComeAsStreamAsync(server, ann, bytes);
                await EndAllAsync(server, clock, name);
            }
        }

        using var healthy = await server.Http.GetAsync("/healthz").Within();
        Assert.Equal(HttpStatusCode.OK, healthy.StatusCode);
        var stopping = server.StopAsync();
        await Deadline.UntilAsync(
            () =>
            {
                // Only what the drain waits for: its own limits are not to run out.
                if (clock.IsAwaited(within: TimeSpan.FromMilliseconds(50)))
                    clock.Advance(TimeSpan.FromMilliseconds(20));
                return stopping.IsCompleted;
            },
            "the server stops");
        await stopping;
        Assert.Empty(
            server.Log.Lines.Where(line =>
                line.StartsWith("Error", StringComparison.Ordinal)
                    || line.StartsWith("Critical", StringComparison.Ordinal)));
    }

    /// <summary>Opens a socket and sends; then it goes without having read, or is silent until it is cut off.</summary>
    private static async Task ComeAsync(SkaldServer server, TestUser user, byte[] bytes, bool waits)
    {
        var raw = await RawHttp.UpgradeAsync(server.Address, $"/ws/?token={user.Access}");
        await raw.WriteAsync(bytes);
        if (!waits)
            raw.Dispose();
    }

    /// <summary>Time passes until the server has no socket any more.</summary>
    private static Task EndAllAsync(SkaldServer server, FakeClock clock, string name) => Deadline.UntilAsync(
        () =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return server.Services.CountSockets() == 0;
        },
        $"whoever has sent {name} is gone");

    private static async Task ComeWithoutTlsAsync(SkaldServer server, byte[] bytes)
    {
        using var client = new TcpClient { LingerState = new LingerOption(enable: true, seconds: 0) };
        await client.ConnectAsync(server.Address.Host, server.Address.Port, Deadline.Token());
        await client.GetStream().WriteAsync(bytes, Deadline.Token());
    }

    private static async Task ComeOverHttp2Async(SkaldServer server, byte[] bytes)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(server.Address.Host, server.Address.Port, Deadline.Token());
        await using var stream = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, TestCertificate.Accept);
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = server.Address.Host, ApplicationProtocols = [SslApplicationProtocol.Http2] },
            Deadline.Token());
        await stream.WriteAsync((byte[])[.. Http2Preface, 0, 0, 0, 4, 0, 0, 0, 0, 0, .. bytes], Deadline.Token());
    }

    /// <summary>A socket over HTTP/2 that sends, and then its stream is reset.</summary>
    private static async Task ComeAsStreamAsync(SkaldServer server, TestUser user, byte[] bytes)
    {
        using var request = new HttpRequestMessage(HttpMethod.Connect, $"/ws/?token={user.Access}");
        (request.Version, request.VersionPolicy, request.Headers.Protocol) =
            (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact, "websocket");
        request.Headers.Add("Sec-WebSocket-Version", "13");
        using var response = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Deadline.Token());
        await using var stream = await response.Content.ReadAsStreamAsync();
        await stream.WriteAsync(bytes, Deadline.Token());
        await stream.FlushAsync(Deadline.Token());
    }
}
