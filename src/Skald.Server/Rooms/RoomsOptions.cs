using System.ComponentModel.DataAnnotations;

namespace Skald.Server.Rooms;

/// <summary>The section <c>Rooms</c>.</summary>
public sealed class RoomsOptions
{
    /// <summary>
    /// Whether a room comes into being when it is first joined or written to, as in the Django project. Off: such a room is answered
    /// 404.
    /// </summary>
    public bool AutoCreate { get; set; } = true;

    /// <summary>How long after it was sent a message may be edited by its sender; 0 is for ever. It can always be deleted.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "3650.00:00:00")]
    public TimeSpan EditWindow { get; set; }
}
