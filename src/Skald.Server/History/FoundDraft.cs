using System.Text;
using Skald.Protocol;
using Skald.Server.Identity;
using Skald.Server.Rooms;

namespace Skald.Server.History;

/// <summary>
/// An entry of the log that this node did not know to be there: its batch was stored, but the answer was lost with the connection to the
/// database, and its sender told that nobody knows. It is announced like one that is new, and has nobody to answer.
/// </summary>
internal sealed class FoundDraft : Draft
{
    private FoundDraft(Room room, CurrentUser sender, EntryCommand command)
        : base(room, sender, command)
    {
    }

    /// <param name="entry">As it is read; copied.</param>
    public static FoundDraft Of(Room room, in LogEntry entry)
    {
        var message = LoggedMessage.Of(entry.Message, userId: 0);
        EntryCommand command = entry.Kind switch
        {
            EntryKind.Edited => new EditCommand(default, room.Name, message.Seq, message.Text, IfVersion: null, ClientMessageId: null),
            EntryKind.Deleted => new DeleteCommand(default, room.Name, message.Seq, ClientMessageId: null),
            _ => new SendCommand(
                default,
                room.Name,
                message.Text,
                message.ClientMessageId is [] ? null : Encoding.UTF8.GetString(message.ClientMessageId)),
        };
        var draft = new FoundDraft(room, new CurrentUser(0, Encoding.UTF8.GetString(entry.By), SessionId: 0), command);
        if (entry.Kind == EntryKind.Message)
            draft.StoreAs(entry.Seq, entry.Timestamp);
        else
            draft.StoreAs(entry.Seq, entry.Timestamp, message);
        return draft;
    }

    public override void Complete(ChatError? refusal)
    {
        // Whoever sent it repeats it, and is answered then.
    }
}
