using Microsoft.Extensions.Options;
using Skald.Server.Rooms;

namespace Skald.Server.History;

/// <summary>What the settings say about entries, for whoever decides at their place in the log.</summary>
internal sealed class LogRules(IOptions<RoomsOptions> rooms, IOptions<RoomLimits> limits)
{
    /// <inheritdoc cref="RoomsOptions.EditWindow"/>
    public TimeSpan EditWindow => rooms.Value.EditWindow;

    /// <inheritdoc cref="RoomLimits.MembersPerRoom"/>
    public int MembersPerRoom => limits.Value.MembersPerRoom;
}
