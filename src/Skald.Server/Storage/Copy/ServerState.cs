using System.Data.Common;

namespace Skald.Server.Storage.Copy;

/// <summary>What a deployment has besides the rows of its tables.</summary>
/// <param name="Epoch">Names its log.</param>
/// <param name="RestoredAt">No token from before is believed; null where it was never restored.</param>
/// <param name="LastUserId">The highest id that was given to a user, who may be gone: no other gets it.</param>
/// <param name="LastRoomId">The same of rooms.</param>
/// <param name="LogEnd">The position of the last entry of the whole log.</param>
internal sealed record ServerState(string Epoch, long? RestoredAt, long LastUserId, long LastRoomId, long LogEnd)
{
    /// <param name="query">Of one row that has them in this order.</param>
    public static ServerState Read(DbCommand query)
    {
        using var row = query.ExecuteReader();
        row.Read();
        return new ServerState(
            row.GetString(0), row.IsDBNull(1) ? null : row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4));
    }
}
