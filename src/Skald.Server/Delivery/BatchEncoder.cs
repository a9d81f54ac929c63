using System.Buffers;
using Skald.Protocol;
using Skald.Server.History;

namespace Skald.Server.Delivery;

/// <summary>Turns entries into WebSocket text frames. Keeps its buffers from batch to batch; one thread uses it.</summary>
internal sealed class BatchEncoder : IDisposable
{
    private const int InitialCapacity = 16 * 1024;

    private readonly ArrayBufferWriter<byte> _json = new(1024);
    private readonly ArrayBufferWriter<byte> _frames = new(InitialCapacity);
    private readonly FrameWriter _writer;
    private readonly List<int> _starts = [];
    private readonly List<int> _others = [];   // which of them are no messages

    public BatchEncoder() => _writer = new FrameWriter(_json);

    public int Count => _starts.Count;

    public int Length => _frames.WrittenCount;

    public void Add(in LogEntry entry)
    {
        _json.ResetWrittenCount();
        _writer.Reset(_json);
        entry.WriteTo(_writer);
        if (entry.Kind != EntryKind.Message || entry.Message.IsDeleted)
            _others.Add(_starts.Count);
        _starts.Add(_frames.WrittenCount);

        var payload = _json.WrittenSpan;
        var frame = _frames.GetSpan(WebSocketFrame.MaxHeaderLength + payload.Length);
        var header = WebSocketFrame.WriteHeader(frame, WebSocketFrame.Text, payload.Length);
        payload.CopyTo(frame[header..]);
        _frames.Advance(header + payload.Length);
    }

    public void Add(Draft draft)
    {
        Span<byte> scratch = stackalloc byte[Draft.ScratchLength];
        Add(draft.ToEntry(scratch));
    }

    /// <summary>What was added, in arrays of its own; the encoder starts anew.</summary>
    public EncodedBatch Finish(long first, long startOffset)
    {
        var batch = new EncodedBatch(
            first, _frames.WrittenSpan.ToArray(), [.. _starts], _others.Count == 0 ? null : [.. _others], startOffset);
        Clear();
        return batch;
    }

    public void Clear()
    {
        _frames.ResetWrittenCount();
        _starts.Clear();
        _others.Clear();
    }

    public void Dispose() => _writer.Dispose();
}
