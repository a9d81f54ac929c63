using System.ComponentModel.DataAnnotations;
using Skald.Server.Limits;

namespace Skald.Server.Rooms;

/// <summary>Limits of rooms.</summary>
public sealed class RoomLimits
{
    /// <summary>Rooms that one user may bring into being, a minute.</summary>
    [Range(0, 1_000_000)]
    [OffAtZero]
    [Beyond("rate_limited")]
    public double NewRoomsPerUserPerMinute { get; set; } = 30;
}
