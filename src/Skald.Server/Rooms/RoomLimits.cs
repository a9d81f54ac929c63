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

    /// <summary>Rooms that one user may own.</summary>
    [Range(0, int.MaxValue)]
    [OffAtZero]
    [Beyond("too_many_rooms")]
    public int RoomsOwned { get; set; } = 1_000;

    /// <summary>Members of a private room.</summary>
    [Range(0, int.MaxValue)]
    [OffAtZero]
    [Beyond("too_many_members")]
    public int MembersPerRoom { get; set; } = 10_000;
}
