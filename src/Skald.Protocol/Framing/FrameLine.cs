using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Skald.Protocol;

/// <summary>JSON put together piece by piece, straight into the output.</summary>
/// <param name="most">Bytes of the longest it can be.</param>
internal ref struct FrameLine(IBufferWriter<byte> output, int most)
{
    private readonly Span<byte> _bytes = output.GetSpan(most);
    private int _length;

    public void Put(ReadOnlySpan<byte> json)
    {
        json.CopyTo(_bytes[_length..]);
        _length += json.Length;
    }

    /// <param name="name">A room's: it has nothing to escape.</param>
    public void Put(string name) => _length += Encoding.ASCII.GetBytes(name, _bytes[_length..]);

    public void Put(long number)
    {
        Utf8Formatter.TryFormat(number, _bytes[_length..], out var digits);
        _length += digits;
    }

    public void Put(Timestamp moment)
    {
        moment.Format(_bytes[_length..]);
        _length += Timestamp.Length;
    }

    public readonly void End() => output.Advance(_length);
}
