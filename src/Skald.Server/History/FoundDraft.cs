using System.Text;
using Skald.Protocol;
using Skald.Server.Identity;
using Skald.Server.Rooms;

namespace Skald.Server.History;

/// <summary>
/// An entry of the log that this node did not know to be there: another node stored it, or this one did and lost the answer. It is
/// announced like one that is new, and has nobody to answer.
/// </summary>
internal sealed class FoundDraft : Draft
{
    private readonly byte[] _by;
    private readonly LoggedMessage _message;

    private FoundDraft(Room room, EntryCommand command, LoggedMessage message, byte[] by)
        : base(room, new CurrentUser(0, Encoding.UTF8.GetString(by), SessionId: 0), command) => (_message, _by) = (message, by);

    /// <param name="entry">As it is read; copied.</param>
    public static FoundDraft Of(Room room, in LogEntry entry)
    {
        var message = LoggedMessage.Of(entry.Message, userId: 0);
        EntryCommand command = entry.Kind switch
        {
            EntryKind.Edited => new EditCommand(default, room.Name, message.Seq, message.Text, IfVersion: null, ClientMessageId: null),
            EntryKind.Deleted => new DeleteCommand(default, room.Name, message.Seq, ClientMessageId: null),
            _ => new SendCommand(default, room.Name, message.Text, ClientMessageId: null),
        };
        var draft = new FoundDraft(room, command, message, entry.By.ToArray());
        if (entry.Kind == EntryKind.Message)
            draft.StoreAs(entry.Seq, entry.Timestamp);
        else
            draft.StoreAs(entry.Seq, entry.Timestamp, message);
        return draft;
    }

    /// <summary>As it was read: of a message that was changed since, what it is now.</summary>
    public override LogEntry ToEntry(Span<byte> scratch)
    {
        var message = _message.ToMessage(Room);
        return Kind == EntryKind.Message
            ? LogEntry.Of(message)
            : new LogEntry { Kind = Kind, Seq = Seq, By = _by, Timestamp = Timestamp, Message = message };
    }

    public override void Complete(ChatError? refusal)
    {
        // Whoever sent it is told by the node that stored it, or repeats it and is answered then.
    }
}
