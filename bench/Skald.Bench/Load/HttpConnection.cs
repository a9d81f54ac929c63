using System.Buffers.Text;

namespace Skald.Bench.Load;

/// <summary>One request after the other on a connection that is kept alive (HTTP/1.1).</summary>
internal abstract class HttpConnection : LoadConnection
{
    protected abstract void OnAnswer(int status, ReadOnlySpan<byte> answer, long receivedAt);

    protected override void OnConnected() => Ready();

    protected override int OnBytes(Span<byte> bytes, long receivedAt)
    {
        var bodyStart = bytes.IndexOf("\r\n\r\n"u8) + 4;
        if (bodyStart < 4)
            return 0;

        var length = BodyLength(bytes[..bodyStart], bytes[bodyStart..]);
        if (length < 0 || bytes.Length < bodyStart + length)
            return 0;

        _ = Utf8Parser.TryParse(bytes["HTTP/1.1 ".Length..], out int status, out _);
        OnAnswer(status, bytes[..(bodyStart + length)], receivedAt);
        return bodyStart + length;
    }

    protected override void OnEnded(string how) => Loop.Fail($"{GetType().Name}: {how}.");

    /// <summary>The length of the body as it stands on the wire, or -1 while that is not known.</summary>
    private static int BodyLength(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        var name = "\r\nContent-Length: "u8;
        var contentLength = head.IndexOf(name);
        if (contentLength < 0)
            return head.IndexOf("\r\nTransfer-Encoding: chunked"u8) < 0 ? 0 : ChunkedLength(body);
        return Utf8Parser.TryParse(head[(contentLength + name.Length)..], out int length, out _) ? length : -1;
    }

    private static int ChunkedLength(ReadOnlySpan<byte> body)
    {
        var at = 0;
        while (body[at..].IndexOf("\r\n"u8) is var line and >= 0)
        {
            if (!Utf8Parser.TryParse(body.Slice(at, line), out int chunk, out _, 'x'))
                return -1;
            at += line + 2 + chunk + 2;
            if (chunk == 0)
                return at;
            if (at > body.Length)
                return -1;
        }

        return -1;
    }
}
