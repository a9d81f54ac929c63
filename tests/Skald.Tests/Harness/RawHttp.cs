using System.Buffers.Binary;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Skald.Protocol;

namespace Skald.Tests.Harness;

/// <summary>
/// A connection that says what a test wants said, byte for byte, and reads what comes back: for what no well-behaved client sends.
/// </summary>
internal sealed class RawHttp : IDisposable
{
    public const string Key = "dGhlIHNhbXBsZSBub25jZQ==";

    private readonly TcpClient _client;
    private readonly Stream _stream;
    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _start, _end;

    private RawHttp(TcpClient client, Stream stream) => (_client, _stream) = (client, stream);

    /// <param name="server">Where; over TLS if it says so.</param>
    /// <param name="receiveBuffer">Bytes that the system takes in for a client that does not read; null for the system's choice.</param>
    public static async Task<RawHttp> OpenAsync(Uri server, int? receiveBuffer = null)
    {
        var client = new TcpClient { NoDelay = true };
        if (receiveBuffer is { } bytes)
            client.ReceiveBufferSize = bytes;
        await client.ConnectAsync(server.Host, server.Port, Deadline.Token());
        if (server.Scheme != "https")
            return new RawHttp(client, client.GetStream());
        var tls = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, TestCertificate.Accept);
        await tls.AuthenticateAsClientAsync(server.Host);
        return new RawHttp(client, tls);
    }

    /// <summary>Asks once, on a connection of its own.</summary>
    /// <param name="start">The request line without the version: <c>GET /ws/</c>; with it where it is to be another.</param>
    /// <param name="headers">Header lines; <c>Host</c> is added.</param>
    public static async Task<RawAnswer> AskAsync(Uri server, string start, params string[] headers)
    {
        using var raw = await OpenAsync(server);
        return await raw.AskAsync(server, start, headers, body: "");
    }

    /// <summary>Offers a proper handshake, with whatever is added to it.</summary>
    public static async Task<RawAnswer> HandshakeAsync(Uri server, string pathAndQuery, params string[] headers)
    {
        using var raw = await OpenAsync(server);
        return await raw.AskAsync(server, $"GET {pathAndQuery}", [.. Handshake, .. headers], body: "");
    }

    /// <summary>Opens a WebSocket that speaks only when told to: it answers no ping and no close.</summary>
    public static async Task<RawHttp> UpgradeAsync(Uri server, string pathAndQuery, int? receiveBuffer = null)
    {
        var raw = await OpenAsync(server, receiveBuffer);
        var answer = await raw.AskAsync(server, $"GET {pathAndQuery}", Handshake, body: "");
        Assert.Equal(101, answer.Status);
        return raw;
    }

    public static string[] Handshake { get; } =
        ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", $"Sec-WebSocket-Key: {Key}"];

    public async Task<RawAnswer> AskAsync(Uri server, string start, string[] headers, string body)
    {
        var version = start.Contains(" HTTP/", StringComparison.Ordinal) ? "" : " HTTP/1.1";
        await WriteAsync(
            $"{start}{version}\r\nHost: {server.Authority}\r\n{string.Concat(headers.Select(header => header + "\r\n"))}\r\n{body}");
        return await ReadAnswerAsync();
    }

    public Task WriteAsync(string text) => WriteAsync(Encoding.UTF8.GetBytes(text));

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        await _stream.WriteAsync(bytes, Deadline.Token());
        await _stream.FlushAsync(Deadline.Token());
    }

    /// <summary>Reads one HTTP answer with its body.</summary>
    public async Task<RawAnswer> ReadAnswerAsync()
    {
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            head.Append((char)(await ReadByteAsync() ?? throw new IOException($"The server closed after \"{head}\".")));
        var lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = lines.Skip(1).Select(line => line.Split(':', 2))
            .ToLookup(pair => pair[0], pair => pair[1].Trim(), StringComparer.OrdinalIgnoreCase);
        var status = int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture);
        var body = status is 101 or 204 ? []
            : headers.Contains("Transfer-Encoding") ? await ReadChunksAsync()
            : headers["Content-Length"]
            .FirstOrDefault() is { } length ? await ReadBytesAsync(int.Parse(length, CultureInfo.InvariantCulture))
            : await ReadToEndAsync();
        return new RawAnswer(status, headers, Encoding.UTF8.GetString(body));
    }

    public Task SendTextAsync(string text) => WriteAsync(Frame(WebSocketFrame.Text, Encoding.UTF8.GetBytes(text)));

    /// <summary>A client's frame: masked, if only with zeros.</summary>
    /// <param name="opcode">One of <see cref="WebSocketFrame"/>.</param>
    /// <param name="payload">What is sent after the header.</param>
    /// <param name="final">Whether it is the last of its message.</param>
    /// <param name="declaredLength">The length that the header tells, where it is to be another than the payload's.</param>
    public static byte[] Frame(byte opcode, ReadOnlySpan<byte> payload, bool final = true, ulong? declaredLength = null)
    {
        var length = declaredLength ?? (ulong)payload.Length;
        var frame = new List<byte> { (byte)((final ? 0x80 : 0) | opcode) };
        Span<byte> extended = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(extended, length);
        frame.Add((byte)(0x80 | (length switch { <= 125 => (int)length, <= ushort.MaxValue => 126, _ => 127 })));
        frame.AddRange(length switch { <= 125 => [], <= ushort.MaxValue => extended[6..], _ => extended });
        frame.AddRange([0, 0, 0, 0]);
        frame.AddRange(payload);
        return [.. frame];
    }

    /// <summary>The server's next frame, or null when it has closed the connection.</summary>
    public async Task<RawFrame?> ReadFrameAsync()
    {
        if (await ReadByteAsync() is not { } first)
            return null;
        var length = (ulong)(await ReadBytesAsync(1))[0];
        if (length == 126)
            length = BinaryPrimitives.ReadUInt16BigEndian(await ReadBytesAsync(2));
        else if (length == 127)
            length = BinaryPrimitives.ReadUInt64BigEndian(await ReadBytesAsync(8));
        return new RawFrame(first, await ReadBytesAsync((int)length));
    }

    /// <summary>The next text frame as JSON; control frames are passed over.</summary>
    public async Task<JsonElement> ReadJsonAsync()
    {
        while (true)
        {
            var frame = await ReadFrameAsync() ?? throw new IOException("The server has closed the connection.");
            Assert.NotEqual(WebSocketFrame.Close, frame.Opcode);
            if (frame.Opcode == WebSocketFrame.Text)
                return JsonElement.Parse(Encoding.UTF8.GetString(frame.Payload));
        }
    }

    /// <summary>The next text frame of this type; others are passed over.</summary>
    public async Task<JsonElement> SkipToAsync(string type)
    {
        while (true)
        {
            var frame = await ReadJsonAsync();
            if (frame.GetProperty("type").GetString() == type)
                return frame;
        }
    }

    /// <summary>Reads on to the server's close frame.</summary>
    /// <returns>Its code; frames before it are passed over.</returns>
    public async Task<int> ExpectCloseAsync()
    {
        while (await ReadFrameAsync() is { } frame)
        {
            if (frame.Opcode == WebSocketFrame.Close)
                return BinaryPrimitives.ReadUInt16BigEndian(frame.Payload);
        }

        throw new IOException("The server cut the connection without a close frame.");
    }

    /// <summary>Reads on until the connection is no more, by an end or by a reset.</summary>
    public async Task ExpectEndAsync()
    {
        try
        {
            while (await ReadFrameAsync() is not null)
            {
            }
        }
        catch (IOException)
        {
            // A reset, or an end in the middle of a frame.
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _client.Dispose();
    }

    private async Task<byte[]> ReadChunksAsync()
    {
        var body = new List<byte>();
        while (true)
        {
            var line = new StringBuilder();
            while (!line.ToString().EndsWith("\r\n", StringComparison.Ordinal))
                line.Append((char)(await ReadBytesAsync(1))[0]);
            var length = int.Parse(line.ToString().AsSpan().Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            body.AddRange(await ReadBytesAsync(length));
            await ReadBytesAsync(2);
            if (length == 0)
                return [.. body];
        }
    }

    private async Task<byte[]> ReadToEndAsync()
    {
        var body = new List<byte>();
        while (await ReadByteAsync() is { } next)
            body.Add(next);
        return [.. body];
    }

    private async ValueTask<byte[]> ReadBytesAsync(int count)
    {
        var bytes = new byte[count];
        for (var filled = 0; filled < count;)
        {
            if (_start == _end && !await FillAsync())
                throw new IOException("The server closed in the middle of an answer.");
            var taken = Math.Min(count - filled, _end - _start);
            _buffer.AsSpan(_start, taken).CopyTo(bytes.AsSpan(filled));
            _start += taken;
            filled += taken;
        }

        return bytes;
    }

    /// <summary>The next byte; null when the server has closed.</summary>
    public async ValueTask<byte?> ReadByteAsync() => _start < _end || await FillAsync() ? _buffer[_start++] : null;

    private async ValueTask<bool> FillAsync()
    {
        _start = 0;
        _end = await _stream.ReadAsync(_buffer, Deadline.Token());
        return _end > 0;
    }
}

/// <summary>An HTTP answer as it came.</summary>
internal sealed record RawAnswer(int Status, ILookup<string, string> Headers, string Body)
{
    /// <summary>The <c>code</c> of a problem body.</summary>
    public string? Code => Body.Length == 0 ? null : JsonElement.Parse(Body).GetProperty("code").GetString();
}

/// <summary>A server's WebSocket frame.</summary>
/// <param name="First">The header's first byte: FIN, RSV bits, opcode.</param>
internal sealed record RawFrame(byte First, byte[] Payload)
{
    public byte Opcode => (byte)(First & 0x0F);
}
