using System.Buffers;

namespace Skald.Protocol;

/// <summary>WebSocket text frames, one behind the other. Each payload is written where it stays: behind the place of its header.</summary>
/// <remarks>Keeps its array when it is cleared; not thread-safe.</remarks>
/// <param name="capacity">Bytes to begin with.</param>
public sealed class FrameBuffer(int capacity) : IBufferWriter<byte>, IDisposable
{
    /// <summary>
    /// The header of most messages, which have 126 to 65,535 bytes. The length is known only when the payload is written: one of another
    /// length is moved.
    /// </summary>
    private const int UsualHeader = 4;

    private byte[] _bytes = new byte[capacity];
    private FrameWriter? _writer;

    /// <summary>Bytes of all frames.</summary>
    public int Length { get; private set; }

    /// <summary>The frames, until the next is added.</summary>
    public ReadOnlySpan<byte> Frames => _bytes.AsSpan(0, Length);

    public void Add<TFrame>(in TFrame frame)
        where TFrame : IServerFrame, allows ref struct
    {
        var start = Length;
        GetSpan(UsualHeader);
        Advance(UsualHeader);
        var writer = _writer ??= new FrameWriter(this);
        writer.Reset(this);   // what threw left its payload unfinished
        frame.WriteTo(writer);

        var payload = Length - start - UsualHeader;
        var header = WebSocketFrame.HeaderLength(payload);
        if (header > UsualHeader)
            GetSpan(header - UsualHeader);
        if (header != UsualHeader)
            _bytes.AsSpan(start + UsualHeader, payload).CopyTo(_bytes.AsSpan(start + header));
        WebSocketFrame.WriteHeader(_bytes.AsSpan(start), WebSocketFrame.Text, payload);
        Length = start + header + payload;
    }

    public void Clear() => Length = 0;

    public void Dispose() => _writer?.Dispose();

    /// <summary>Takes in what the frame's writer wrote.</summary>
    public void Advance(int count) => Length += count;

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        var least = Length + Math.Max(1, sizeHint);
        if (least > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(least, 2 * _bytes.Length));
        return _bytes.AsMemory(Length);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
}
