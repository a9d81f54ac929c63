using System.Text;
using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.Rooms;

namespace Skald.Server.History;

/// <summary>A message on its way: what its sender wants stored, then what the log made of it.</summary>
/// <param name="room">Where it goes.</param>
/// <param name="sender">Whose it is; taken from the session, never from the message.</param>
/// <param name="text">UTF-8 that passed <see cref="MessageText.Check"/>; owned by the draft.</param>
/// <param name="clientMessageId">A valid <see cref="Protocol.ClientMessageId"/>, or null.</param>
internal abstract class Draft(Room room, CurrentUser sender, byte[] text, string? clientMessageId)
{
    public Room Room { get; } = room;

    public CurrentUser Sender { get; } = sender;

    public string? ClientMessageId { get; } = clientMessageId;

    /// <summary>The text as it is stored: of a duplicate, that of the first time.</summary>
    public byte[] Text { get; private set; } = text;

    /// <summary>Its place in the room; 0 until it is stored.</summary>
    public long Seq { get; private set; }

    public Timestamp Timestamp { get; private set; }

    /// <summary>Whether the same <see cref="ClientMessageId"/> was stored before, and nothing now.</summary>
    public bool Duplicate { get; private set; }

    /// <summary>Null where nobody listens.</summary>
    public MessageTrace? Trace { get; set; }

    /// <summary>The store's word for a new message.</summary>
    public void StoreAs(long seq, Timestamp timestamp)
    {
        Seq = seq;
        Timestamp = timestamp;
        Duplicate = false;
    }

    /// <summary>The store's word for a message it has already.</summary>
    public void FoundAs(long seq, Timestamp timestamp, byte[] text)
    {
        Seq = seq;
        Timestamp = timestamp;
        Text = text;
        Duplicate = true;
    }

    /// <summary>Tells the sender, once, how it ended. Called on the delivery thread or by the sender's own call: it must not wait.</summary>
    /// <param name="refusal">Why nothing was stored, or null: then the message is on disk.</param>
    public abstract void Complete(ChatError? refusal);

    /// <summary>Nothing was stored: its way ends here. The sender is told which room it was for.</summary>
    public void Refuse(ChatError refusal)
    {
        Trace?.End(refusal);
        Complete(refusal with { Room = Room.Name });
    }

    /// <summary>Writes what <see cref="Complete"/> has left: a batch often holds several messages of one connection, and they are answered together.</summary>
    public virtual void Flush()
    {
    }

    /// <summary>The stored message. The spans are valid as long as <paramref name="scratch"/> is not written to.</summary>
    /// <param name="scratch">At least <see cref="ScratchLength"/> bytes.</param>
    public ChatMessage ToMessage(Span<byte> scratch)
    {
        var name = Encoding.UTF8.GetBytes(Sender.Username, scratch);
        var id = ClientMessageId is null ? 0 : Encoding.UTF8.GetBytes(ClientMessageId, scratch[name..]);
        return new ChatMessage
        {
            Room = Room.Name,
            Seq = Seq,
            Username = scratch[..name],
            Text = Text,
            Timestamp = Timestamp,
            ClientMessageId = scratch.Slice(name, id),
        };
    }

    /// <summary>Bytes that the longest username and client_msg_id need: both are ASCII.</summary>
    public const int ScratchLength = Accounts.Username.MaxLength + Protocol.ClientMessageId.MaxLength;
}
