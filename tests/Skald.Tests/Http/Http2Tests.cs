using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Skald.Tests.Harness;

namespace Skald.Tests.Http;

/// <summary>HTTP/2 is spoken over TLS only, with few streams at once, and whoever resets them by the thousand is sent away.</summary>
public sealed class Http2Tests
{
    private const byte Headers = 1, Reset = 3, Settings = 4, GoAway = 7;

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    [Fact]
    [Attack("A-14")]
    public async Task Without_TLS_it_is_refused()
    {
        await using var server = await SkaldServer.StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(server.Address.Host, server.Address.Port, Deadline.Token());
        var stream = client.GetStream();

        await stream.WriteAsync((byte[])[.. Preface, .. Frame(Settings, 0, [])], Deadline.Token());

        // Refused in HTTP/1.1 or by GOAWAY; either way it says nothing more, and ends.
        var answer = new MemoryStream();
        await stream.CopyToAsync(answer, Deadline.Token());
        Assert.True(Encoding.ASCII.GetString(answer.ToArray()).StartsWith("HTTP/1.1 400", StringComparison.Ordinal)
            || ReadFrames(answer.ToArray()).All(frame => frame.Type == GoAway), Convert.ToHexString(answer.ToArray()));
    }

    [Fact]
    [Attack("A-14")]
    public async Task Without_TLS_nobody_is_upgraded_to_it()
    {
        await using var server = await SkaldServer.StartAsync();

        var answer = await RawHttp.AskAsync(
            server.Address, "GET /healthz", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__");

        Assert.Equal(200, answer.Status);
        Assert.Empty(answer.Headers["Upgrade"]);
    }

    [Fact]
    [Attack("A-14")]
    public async Task With_TLS_10000_streams_that_are_opened_and_reset_end_with_their_connection_and_others_are_answered()
    {
        await using var server = await SkaldServer.StartAsync(certificate: TestCertificate.Value);
        await using var stream = await OpenAsync(server.Address);
        await stream.WriteAsync((byte[])[.. Preface, .. Frame(Settings, 0, [])], Deadline.Token());
        var reading = ReadToEndAsync(stream);

        // :method GET, :scheme https, :path /, and :authority, in HPACK.
        byte[] request = [0x82, 0x87, 0x84, 0x41, 9, .. "127.0.0.1"u8];
        try
        {
            for (var n = 0; n < 10_000; n++)
                await stream.WriteAsync(
                    (byte[])[.. Frame(Headers, 1 + 2 * n, request, flags: 0x5), .. Frame(Reset, 1 + 2 * n, [0, 0, 0, 8])],
                    Deadline.Token());
            // A server that was as fast as the resets has nothing against it: it ends with its last stream.
            await stream.WriteAsync(Frame(GoAway, 0, [0, 0, 0, 0, 0, 0, 0, 0]), Deadline.Token());
        }
        catch (IOException)
        {
            // It has ended the connection already.
        }

        // We did not end it; that a GOAWAY came before the end, a reset may have swallowed.
        var frames = ReadFrames(await reading.Within());
        Assert.Equal(100u, MostStreams(frames.First(frame => frame.Type == Settings).Payload));
        using var healthy = await server.Http.GetAsync("/healthz").Within();
        Assert.Equal(HttpStatusCode.OK, healthy.StatusCode);
    }

    private static async Task<SslStream> OpenAsync(Uri server)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(server.Host, server.Port, Deadline.Token());
        var tls = new SslStream(new NetworkStream(client, ownsSocket: true), leaveInnerStreamOpen: false, TestCertificate.Accept);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = server.Host, ApplicationProtocols = [SslApplicationProtocol.Http2] },
            Deadline.Token());
        Assert.Equal(SslApplicationProtocol.Http2, tls.NegotiatedApplicationProtocol);
        return tls;
    }

    private static async Task<byte[]> ReadToEndAsync(Stream stream)
    {
        using var all = new MemoryStream();
        try
        {
            await stream.CopyToAsync(all, Deadline.Token());
        }
        catch (IOException)
        {
            // A reset is an end too.
        }

        return all.ToArray();
    }

    /// <summary>RFC 9113, section 4.1.</summary>
    private static byte[] Frame(byte type, int streamId, ReadOnlySpan<byte> payload, byte flags = 0)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, (uint)payload.Length << 8);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), streamId);
        payload.CopyTo(frame.AsSpan(9));
        return frame;
    }

    private static List<(byte Type, byte[] Payload)> ReadFrames(byte[] bytes)
    {
        var frames = new List<(byte, byte[])>();
        for (var at = 0; at + 9 <= bytes.Length;)
        {
            var length = (int)(BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at)) >> 8);
            if (at + 9 + length > bytes.Length)
                break;
            frames.Add((bytes[at + 3], bytes[(at + 9)..(at + 9 + length)]));
            at += 9 + length;
        }

        return frames;
    }

    /// <summary>SETTINGS_MAX_CONCURRENT_STREAMS, number 3.</summary>
    private static uint? MostStreams(byte[] settings) =>
        settings.Chunk(6).Where(setting => setting[1] == 3)
            .Select(setting => (uint?)BinaryPrimitives.ReadUInt32BigEndian(setting.AsSpan(2))).SingleOrDefault();
}
