namespace Skald.Server.Delivery;

/// <summary>Consecutive messages of one room as WebSocket frames: encoded once, the same bytes for every reader.</summary>
/// <param name="first">The first message's <c>seq</c>.</param>
/// <param name="bytes">The frames, one behind the other.</param>
/// <param name="starts">Where each message's frame starts in <paramref name="bytes"/>.</param>
/// <param name="startOffset">Bytes that the feed had delivered before this batch.</param>
internal sealed class EncodedBatch(long first, byte[] bytes, int[] starts, long startOffset)
{
    public long First { get; } = first;

    public long Last => End.Seq;

    public ReadOnlyMemory<byte> Bytes => bytes;

    /// <summary>The feed's head, and a reader's cursor, once this batch is delivered.</summary>
    public Position End { get; } = new(first + starts.Length - 1, startOffset + bytes.Length);

    /// <returns>The frames of everything after <paramref name="seq"/>, which lies in this batch or just before it.</returns>
    public ReadOnlyMemory<byte> After(long seq) => bytes.AsMemory(seq < First ? 0 : starts[seq - First + 1]);
}
