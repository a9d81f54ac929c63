using System.Text;
using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Identity;
using Skald.Server.Rooms;

namespace Skald.Tests.Harness;

/// <summary>A draft that tells the test how it ended; where the test does not ask, it must have been stored.</summary>
internal sealed class TestDraft(Room room, CurrentUser sender, EntryCommand command, Action<ChatError?>? completed = null)
    : Draft(room, sender, command)
{
    public TestDraft(Room room, string text, string? id = null, Action<ChatError?>? completed = null)
        : this(room, new CurrentUser(1, "ann", 1), Send(room, text, id), completed)
    {
    }

    public static SendCommand Send(Room room, string text, string? id = null) => new(default, room.Name, Encoding.UTF8.GetBytes(text), id);

    public override void Complete(ChatError? refusal) => (completed ?? Assert.Null).Invoke(refusal);
}
