using System.Text;

namespace Skald.Bench.Peers.Floor;

/// <summary>The readers of one room and the frames that have come together for them.</summary>
internal sealed class Room(string name)
{
    private static readonly byte[] JoinedFrame = [0x81, 17, .. "{\"type\":\"joined\"}"u8];

    private readonly byte[] _beforeSeq = Encoding.UTF8.GetBytes($$"""{"type":"chat_message","room":"{{name}}","seq":""");
    private readonly List<Reader> _readers = [];
    private byte[] _frames = new byte[64 * 1024];
    private int _length;
    private long _seq;

    public string Name => name;

    public bool HasNothing => _length == 0;

    public bool IsDeserted => _readers.Count == 0;

    public void Enter(Reader reader)
    {
        reader.Room = this;
        reader.Place = _readers.Count;
        _readers.Add(reader);
        reader.Offer(JoinedFrame);
    }

    public void Leave(Reader reader)
    {
        var last = _readers[^1];
        _readers[reader.Place] = last;
        last.Place = reader.Place;
        _readers.RemoveAt(_readers.Count - 1);
    }

    /// <summary>
    /// Makes of a client's <c>{"message":"…"}</c> one frame for everyone. What stands between the quotes is passed on unread.
    /// </summary>
    public void Append(ReadOnlySpan<byte> payload)
    {
        var before = "{\"message\":\""u8;
        var after = "\"}"u8;
        if (payload.Length <= before.Length + after.Length || !payload.StartsWith(before) || !payload.EndsWith(after))
            return;

        var text = payload[before.Length..^after.Length];
        var most = ServerFrame.LongestHeader + _beforeSeq.Length + MessageObject.LongestRest + text.Length;
        if (_length + most > _frames.Length)
            Array.Resize(ref _frames, Math.Max(_length + most, _frames.Length * 2));

        var body = _frames.AsSpan(_length + ServerFrame.LongestHeader);
        _beforeSeq.CopyTo(body);
        var written = _beforeSeq.Length;
        written += MessageObject.WriteRest(body[written..], ++_seq, text);
        _length += ServerFrame.Frame(_frames.AsSpan(_length), written);
    }

    /// <param name="gone">Receives the readers that are there no more.</param>
    public void Deliver(List<Reader> gone)
    {
        var frames = _frames.AsSpan(0, _length);
        foreach (var reader in _readers)
        {
            if (!reader.Offer(frames))
                gone.Add(reader);
        }

        _length = 0;
    }
}
