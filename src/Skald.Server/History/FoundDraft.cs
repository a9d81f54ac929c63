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
    private readonly LoggedMessage? _message;
    private readonly byte[] _data;

    private FoundDraft(Room room, EntryCommand command, in LogEntry entry, LoggedMessage? message)
        : base(room, new CurrentUser(0, Encoding.UTF8.GetString(entry.By), SessionId: 0), command) =>
        (_message, _by, _data) = (message, entry.By.ToArray(), entry.Data.ToArray());

    /// <param name="entry">As it is read; copied.</param>
    public static FoundDraft Of(Room room, in LogEntry entry)
    {
        var message = entry.Message.Seq == 0 ? null : LoggedMessage.Of(entry.Message, userId: 0);
        EntryCommand command = entry.Kind switch
        {
            EntryKind.Edited => new EditCommand(default, room.Name, message!.Seq, message.Text, IfVersion: null, ClientMessageId: null),
            EntryKind.Deleted => new DeleteCommand(default, room.Name, message!.Seq, ClientMessageId: null),
            EntryKind.Member or EntryKind.Room => new FoundCommand(room.Name, entry.Kind),
            _ => new SendCommand(default, room.Name, message!.Text, ClientMessageId: null),
        };
        var draft = new FoundDraft(room, command, entry, message);
        if (entry.Kind == EntryKind.Message || message is null)
            draft.StoreAs(entry.Seq, entry.Timestamp);
        else
            draft.StoreAs(entry.Seq, entry.Timestamp, message);
        return draft;
    }

    /// <summary>As it was read: of a message that was changed since, what it is now.</summary>
    public override LogEntry ToEntry(Span<byte> scratch)
    {
        if (Kind == EntryKind.Message)
            return LogEntry.Of(_message!.ToMessage(Room));
        return new LogEntry
        {
            Kind = Kind,
            Room = Room.Name,
            Seq = Seq,
            By = _by,
            Timestamp = Timestamp,
            Message = _message is null ? default : _message.ToMessage(Room),
            Data = _data,
        };
    }

    public override void Complete(ChatError? refusal)
    {
        // Whoever sent it is told by the node that stored it, or repeats it and is answered then.
    }

    /// <summary>Stands for the command that another node was given: what came of it is read, and nothing is decided by it.</summary>
    private sealed record FoundCommand(string Room, EntryKind FoundKind) : EntryCommand(default, Room, ClientMessageId: null)
    {
        public override EntryKind Kind => FoundKind;
    }
}
