using System.Buffers.Binary;
using System.Text;

namespace Skald.Bench.Load;

/// <summary>A client's side of RFC 6455: the opening handshake, whole messages, pongs.</summary>
internal abstract class WebSocketConnection(string path) : LoadConnection
{
    /// <summary>Any 16 bytes do: the key is no secret, and the answer to it is not what is tested here.</summary>
    private const string Key = "c2thbGQtYmVuY2gtMTYhIQ==";

    /// <summary>What is asked for in the handshake.</summary>
    protected string Path => path;

    private bool _upgraded;
    private byte[] _fragments = [];
    private int _fragmentsLength;

    protected abstract void OnUpgraded();

    /// <summary>Ends each of the records that share a message; null where a message is one record.</summary>
    protected virtual byte? Separator => null;

    protected abstract void OnRecord(ReadOnlySpan<byte> record, long receivedAt);

    protected override void OnConnected() => Send(Encoding.ASCII.GetBytes(
        $"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        $"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {Key}\r\n\r\n"));

    protected override int OnBytes(Span<byte> bytes, long receivedAt)
    {
        var used = 0;
        if (!_upgraded)
        {
            used = bytes.IndexOf("\r\n\r\n"u8) + 4;
            if (used < 4)
                return 0;
            if (!bytes.StartsWith("HTTP/1.1 101 "u8))
            {
                Refuse(Encoding.UTF8.GetString(bytes));
                return bytes.Length;
            }

            _upgraded = true;
            OnUpgraded();
        }

        while (!IsClosed && ServerFrame.TryRead(bytes[used..], out var frame))
        {
            OnFrame(frame, bytes[(used + frame.PayloadStart)..(used + frame.End)], receivedAt);
            used += frame.End;
        }

        return used;
    }

    protected override void OnEnded(string how) => Loop.Fail($"{GetType().Name}: {how}.");

    private void OnMessage(ReadOnlySpan<byte> message, long receivedAt)
    {
        if (Separator is not { } separator)
        {
            OnRecord(message, receivedAt);
            return;
        }

        while (message.IndexOf(separator) is var end and >= 0)
        {
            OnRecord(message[..end], receivedAt);
            message = message[(end + 1)..];
        }

        if (!message.IsEmpty)
            Loop.Fail("A record was cut in two by a frame.");
    }

    private void OnFrame(ServerFrame frame, ReadOnlySpan<byte> payload, long receivedAt)
    {
        switch (frame.Opcode)
        {
            case MaskedFrame.Close:
                Close();
                var code = payload.Length >= 2 ? BinaryPrimitives.ReadUInt16BigEndian(payload) : 1005;
                OnEnded($"the server closed with {code} {Encoding.UTF8.GetString(payload[Math.Min(2, payload.Length)..])}");
                break;
            case MaskedFrame.Ping:
                Send(MaskedFrame.Wrap(MaskedFrame.Pong, payload));
                break;
            case MaskedFrame.Pong:
                break;
            case var _ when frame.IsFinal && _fragmentsLength == 0:
                OnMessage(payload, receivedAt);
                break;
            default:
                OnFragment(frame, payload, receivedAt);
                break;
        }
    }

    private void OnFragment(ServerFrame frame, ReadOnlySpan<byte> payload, long receivedAt)
    {
        var length = _fragmentsLength + payload.Length;
        if (length > _fragments.Length)
            Array.Resize(ref _fragments, length * 2);
        payload.CopyTo(_fragments.AsSpan(_fragmentsLength));
        _fragmentsLength = length;
        if (!frame.IsFinal)
            return;

        _fragmentsLength = 0;
        OnMessage(_fragments.AsSpan(0, length), receivedAt);
    }

    private void Refuse(string answer)
    {
        Close();
        OnEnded($"the handshake was answered {answer.Split("\r\n")[0]}");
    }
}
