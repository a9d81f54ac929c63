using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Delivery;

/// <summary>Entries read from the log for one reader that is far behind.</summary>
internal static class LogPage
{
    private const int MaxEntries = 200;
    private const int MaxBytes = 64 * 1024;

    /// <returns>The frames after a position, a page of them; null where the log has none.</returns>
    /// <exception cref="Database.StorageException">The log cannot be read now.</exception>
    public static async Task<EncodedBatch?> ReadAsync(RoomLog log, Room room, long after)
    {
        using var encoder = new BatchEncoder();
        await log.ReadAsync(room, after + 1, after + MaxEntries, (in entry) =>
        {
            // Only what follows without a hole is a page: where the log has one, the reader's place is lost there, and not beyond it.
            if (entry.Seq != after + 1 + encoder.Count)
                return false;
            encoder.Add(entry);
            return encoder.Length < MaxBytes;
        });
        return encoder.Count == 0 ? null : encoder.Finish(after + 1, startOffset: 0);
    }
}
