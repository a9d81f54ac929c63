using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Delivery;

/// <summary>Turns entries into WebSocket text frames. Keeps its buffers from batch to batch; one thread uses it.</summary>
internal sealed class BatchEncoder : IDisposable
{
    private const int InitialCapacity = 16 * 1024;

    private readonly FrameBuffer _frames = new(InitialCapacity);
    private readonly List<int> _starts = [];
    private readonly List<int> _others = [];   // which of them are no messages

    private readonly List<RoomExit> _exits = [];

    public int Count => _starts.Count;

    public int Length => _frames.Length;

    public void Add(in LogEntry entry)
    {
        var ended = RoomChange.EndedBy(entry.Kind, entry.Data);
        if (ended is not { Count: 0 })
            _exits.Add(new RoomExit(entry.Seq, ended, Left(entry.Room, entry.Seq)));
        if (entry.Kind != EntryKind.Message || entry.Message.IsDeleted)
            _others.Add(_starts.Count);
        _starts.Add(_frames.Length);
        _frames.Add(entry);
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
            first, _frames.Frames.ToArray(), [.. _starts], _others.Count == 0 ? null : [.. _others], startOffset)
        {
            Exits = _exits.Count == 0 ? [] : [.. _exits],
        };
        Clear();
        return batch;
    }

    public void Clear()
    {
        _frames.Clear();
        _starts.Clear();
        _others.Clear();
        _exits.Clear();
    }

    public void Dispose() => _frames.Dispose();

    /// <summary>What a reader is told whose reading ends with an entry.</summary>
    private static ReadOnlyMemory<byte> Left(string room, long seq)
    {
        using var frame = new FrameBuffer(InitialCapacity);
        frame.Add(new LeftFrame(default, room) { Seq = seq });
        return frame.Frames.ToArray();
    }
}
