using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Delivery;

/// <summary>Messages read from the log for one reader that is far behind.</summary>
internal static class LogPage
{
    private const int MaxMessages = 200;
    private const int MaxBytes = 64 * 1024;

    /// <returns>The frames after a position, a page of them; null where the log has none.</returns>
    /// <exception cref="Operations.StorageException">The log cannot be read now.</exception>
    public static async Task<EncodedBatch?> ReadAsync(RoomLog log, Room room, long after)
    {
        using var encoder = new BatchEncoder();
        var first = 0L;
        await log.ReadAsync(room, after + 1, after + MaxMessages, (in message) =>
        {
            if (encoder.Count == 0)
                first = message.Seq;
            encoder.Add(message);
            return encoder.Length < MaxBytes;
        });
        return encoder.Count == 0 ? null : encoder.Take(first, startOffset: 0);
    }
}
