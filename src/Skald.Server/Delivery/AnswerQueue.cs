using System.Buffers;

namespace Skald.Server.Delivery;

/// <summary>Answers that wait to be written: whole frames, one after the other, in a buffer with a bound.</summary>
/// <remarks>A field of the outbound, under its lock: it is not copied. While nothing waits it holds no memory.</remarks>
/// <param name="mostBytes">Bytes that may wait.</param>
internal struct AnswerQueue(int mostBytes)
{
    private ArrayBufferWriter<byte>? _frames;   // null: nothing waits

    public readonly bool IsEmpty => _frames is null;

    /// <returns>False where more would wait than may.</returns>
    public bool TryAdd(ReadOnlySpan<byte> frame)
    {
        if ((_frames?.WrittenCount ?? 0) + frame.Length > mostBytes)
            return false;
        Add(frame);
        return true;
    }

    /// <summary>Adds the frames that end the connection: they are few, and there is always room for them.</summary>
    public void Add(ReadOnlySpan<byte> frames) => (_frames ??= new ArrayBufferWriter<byte>()).Write(frames);

    /// <returns>All that waits; empty where nothing does.</returns>
    public ReadOnlyMemory<byte> TakeAll()
    {
        var frames = _frames;
        _frames = null;
        return frames is null ? default : frames.WrittenMemory;
    }
}
