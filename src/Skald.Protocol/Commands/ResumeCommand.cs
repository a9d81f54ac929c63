using System.Text.Json;

namespace Skald.Protocol;

/// <summary><c>resume</c>: many joins in one frame.</summary>
public sealed record ResumeCommand(FrameId Id, string? Epoch, IReadOnlyList<RoomPosition> Rooms) : ClientCommand(Id)
{
    private static readonly ChatError NoPosition = new(
        ErrorCode.BadRequest, "Each of \"rooms\" must be a seq: an integer from 0, or null for live messages only.");

    internal static ResumeCommand From(ref FrameFields fields) => new(fields.Id, fields.Optional("epoch"u8), ReadRooms(ref fields));

    private static List<RoomPosition> ReadRooms(ref FrameFields fields)
    {
        var rooms = new List<RoomPosition>();
        if (!fields.TryReadObject("rooms"u8, "an object of room names and positions", out var json))
            return rooms;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var room = json.GetString()!;
            json.Read();
            if (json.TokenType == JsonTokenType.Null)
                rooms.Add(new RoomPosition(room, null));
            else if (json.TokenType == JsonTokenType.Number && json.TryGetInt64(out var seq) && seq >= 0)
                rooms.Add(new RoomPosition(room, seq));
            else
                fields.Refuse(NoPosition);
            json.Skip();
        }

        return rooms;
    }
}

/// <summary>A cursor: the last <c>seq</c> a client has of a room.</summary>
/// <param name="Room">Not checked.</param>
/// <param name="Seq">From 0; null for live messages only.</param>
public readonly record struct RoomPosition(string Room, long? Seq);
