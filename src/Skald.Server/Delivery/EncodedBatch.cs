using System.Buffers;

namespace Skald.Server.Delivery;

/// <summary>
/// Consecutive entries of one room as WebSocket frames: encoded once for each <see cref="Dialect"/>, the same bytes for all its
/// readers.
/// </summary>
/// <param name="first">The first entry's <c>seq</c>.</param>
/// <param name="bytes">The frames, one behind the other.</param>
/// <param name="starts">Where each entry's frame starts in <paramref name="bytes"/>.</param>
/// <param name="others">Which of them are no messages, counted from 0; rising. Null where all are.</param>
/// <param name="startOffset">Bytes that the feed had delivered before this batch.</param>
internal sealed class EncodedBatch(long first, byte[] bytes, int[] starts, int[]? others, long startOffset)
{
    private byte[]? _messages;   // made for the first reader that wants them

    /// <summary>Which of the entries end somebody's reading.</summary>
    public RoomExit[] Exits { get; init; } = [];

    public long First { get; } = first;

    public long Last => End.Seq;

    /// <summary>Bytes of all frames.</summary>
    public int Length => bytes.Length;

    /// <summary>The feed's head, and a reader's cursor, once this batch is delivered.</summary>
    public Position End { get; } = new(first + starts.Length - 1, startOffset + bytes.Length);

    /// <param name="dialect">What the reader understands.</param>
    /// <returns>The frames of all entries; empty where the dialect has none for them.</returns>
    public ReadOnlyMemory<byte> Frames(Dialect dialect) => dialect == Dialect.Messages && others is not null ? Messages() : bytes;

    /// <param name="seq">An entry of this batch, or the one just before it.</param>
    /// <param name="dialect">What the reader understands.</param>
    /// <returns>The frames of all entries after it.</returns>
    public ReadOnlyMemory<byte> After(long seq, Dialect dialect)
    {
        if (seq < First)
            return Frames(dialect);
        var index = (int)(seq - First) + 1;
        return dialect == Dialect.Messages && others is not null ? MessagesFrom(index) : bytes.AsMemory(starts[index]);
    }

    /// <returns>Its entries up to one of them.</returns>
    public EncodedBatch Until(long seq)
    {
        if (seq >= Last)
            return this;
        var count = (int)(seq - First) + 1;
        return new(First, bytes[..starts[count]], starts[..count], others?.Where(index => index < count).ToArray(), startOffset);
    }

    private ReadOnlyMemory<byte> Messages() => _messages ??= MessagesFrom(0);   // two threads may make it: both make the same

    private byte[] MessagesFrom(int index)
    {
        var messages = new ArrayBufferWriter<byte>(Math.Max(1, bytes.Length - starts[index]));
        foreach (var other in others!)
        {
            if (other < index)
                continue;
            messages.Write(bytes.AsSpan(starts[index]..starts[other]));   // the messages before it
            index = other + 1;
        }

        if (index < starts.Length)
            messages.Write(bytes.AsSpan(starts[index]));
        return messages.WrittenSpan.ToArray();
    }
}

/// <summary>What of a room a reader understands.</summary>
internal enum Dialect
{
    /// <summary>All entries of the log, and signals: the Skald socket.</summary>
    Signals,

    /// <summary>All entries of the log: <c>chat_message</c> and <c>entry</c>.</summary>
    Entries,

    /// <summary>Messages only: the room socket of clients that know no position, and so miss no number.</summary>
    Messages,
}
