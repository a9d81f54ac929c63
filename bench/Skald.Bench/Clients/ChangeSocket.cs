using System.Text;
using Skald.Bench.Load;
using Skald.Bench.Machine;

namespace Skald.Bench.Clients;

/// <summary>A client of Skald's own socket that edits, or deletes, the messages of one room one after the other.</summary>
/// <param name="room">
/// Its name. Its messages have a seq from <see cref="FirstSeq"/> on: of four digits, so that a frame is made once.
/// </param>
/// <param name="path">Where the socket is.</param>
/// <param name="textBytes">Bytes of the new text; 0 deletes.</param>
internal sealed class ChangeSocket(string room, string path, int textBytes) : WebSocketConnection(path)
{
    public const uint FirstSeq = 1_000, LastSeq = 9_999;

    /// <summary>Changes whose acks are remembered at once.</summary>
    private const int MostUnacked = 1_024;

    private readonly byte[] _frame = MaskedFrame.Wrap(MaskedFrame.Text, Encoding.UTF8.GetBytes(Command(room, textBytes)));
    private readonly long[] _sentAt = new long[MostUnacked];
    private uint _window, _sent, _acked;

    /// <summary>Whether each message has been changed: a delete that is repeated does nothing.</summary>
    public bool IsThrough => _sent > LastSeq - FirstSeq;

    public bool IsIdle => _acked == _sent;

    public void KeepSending(int window)
    {
        _window = (uint)window;
        SendNext();
    }

    public void StopSending() => _window = 0;

    protected override void OnUpgraded()
    {
    }

    protected override void OnRecord(ReadOnlySpan<byte> message, long receivedAt)
    {
        if (message.StartsWith("{\"type\":\"ready\""u8))
        {
            Ready();
            return;
        }

        if (!message.StartsWith("{\"type\":\"ack\""u8))
        {
            Loop.Fail(Encoding.UTF8.GetString(message));
            return;
        }

        Loop.Stats.Answer.Record(receivedAt - _sentAt[_acked++ % MostUnacked]);
        SendNext();
    }

    private void SendNext()
    {
        while (_sent - _acked < _window && (textBytes > 0 || !IsThrough))
        {
            var seq = FirstSeq + (_sent % (LastSeq - FirstSeq + 1));
            WriteDecimal(_frame.AsSpan(_frame.AsSpan().IndexOf("\"seq\":"u8) + 6, 4), seq);
            if (textBytes > 0)
                Marker.WriteHex(_frame.AsSpan(_frame.AsSpan().LastIndexOf("\"message\":\""u8) + 11, 8), _sent);
            _sentAt[_sent++ % MostUnacked] = Clock.Now;
            Send(_frame);
        }
    }

    private static string Command(string room, int textBytes) => textBytes > 0
        ? $$"""{"type":"edit","id":1,"room":"{{room}}","seq":{{FirstSeq}},"message":"{{new string('x', textBytes)}}"}"""
        : $$"""{"type":"delete","id":1,"room":"{{room}}","seq":{{FirstSeq}}}""";

    private static void WriteDecimal(Span<byte> digits, uint value)
    {
        for (var i = digits.Length - 1; i >= 0; i--, value /= 10)
            digits[i] = (byte)('0' + (value % 10));
    }
}
