namespace Skald.Server.Storage.Copy;

/// <summary>What a deployment has besides the rows of its tables.</summary>
/// <param name="Epoch">Names its log.</param>
/// <param name="RestoredAt">No token from before is believed; null where it was never restored.</param>
/// <param name="LastUserId">The highest id that was given to a user, who may be gone: no other gets it.</param>
/// <param name="LastRoomId">The same of rooms.</param>
/// <param name="LogEnd">The position of the last entry of the whole log.</param>
internal sealed record ServerState(string Epoch, long? RestoredAt, long LastUserId, long LastRoomId, long LogEnd);
