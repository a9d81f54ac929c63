using Skald.Bench.Load;

namespace Skald.Bench.Clients;

/// <summary>
/// What one reader has seen of its room: each sender's messages once and in order and, where the room is numbered, no hole in the
/// numbers.
/// </summary>
internal class OrderCheck(int senders)
{
    private readonly uint[] _next = new uint[senders];

    /// <summary>The number of each sender's message that is due.</summary>
    protected uint[] Next => _next;

    public long Received { get; protected set; }

    /// <summary>The position of the newest message seen; 0 before the first.</summary>
    public long Seq { get; protected set; }

    /// <summary>A hash over the messages in the order of their coming: two readers that saw the same have the same.</summary>
    public ulong Fingerprint { get; private set; } = 14695981039346656037;

    public uint NextOf(int sender) => _next[sender];

    /// <param name="seq">Its position, or 0 where positions are not checked.</param>
    /// <returns>What is wrong with it, or null.</returns>
    public virtual string? Take(Marker marker, long seq)
    {
        if (marker.Sender >= senders)
            return $"a message of sender {marker.Sender}, whom nobody knows";
        if (marker.Number != _next[marker.Sender])
            return $"message {marker.Number} of sender {marker.Sender} came where {_next[marker.Sender]} was due";
        if (seq != 0 && seq != Seq + 1)
            return $"seq {seq} came after seq {Seq}";

        _next[marker.Sender]++;
        Seq = seq;
        Received++;
        Fingerprint = (Fingerprint ^ (((ulong)marker.Sender << 32) | marker.Number)) * 1099511628211;
        return null;
    }
}
