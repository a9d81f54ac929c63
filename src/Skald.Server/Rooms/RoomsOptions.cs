namespace Skald.Server.Rooms;

/// <summary>The section <c>Rooms</c>.</summary>
public sealed class RoomsOptions
{
    /// <summary>Whether a room comes into being when it is first joined or written to, as in the origin. Off: such a room is answered 404.</summary>
    public bool AutoCreate { get; set; } = true;
}
