using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Identity;
using Skald.Server.Rooms;

namespace Skald.MicroBench;

/// <summary>A draft that nobody waits for.</summary>
internal sealed class Letter(Room room, byte[] text, string? clientMessageId = null)
    : Draft(room, new CurrentUser(1, "ann", 1), new SendCommand(default, room.Name, text, clientMessageId))
{
    public override void Complete(ChatError? refusal)
    {
    }
}
