using System.Diagnostics.CodeAnalysis;
using System.Text;
using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.Identity;
using Skald.Server.Rooms;

namespace Skald.Server.History;

/// <summary>An entry on its way: what its sender wants stored, then what the log made of it.</summary>
/// <param name="sender">Whose it is; taken from the session, never from the command.</param>
/// <param name="command">What is wanted: checked, and owned by the draft.</param>
internal abstract class Draft(Room room, CurrentUser sender, EntryCommand command)
{
    private byte[]? _storedText;   // of a duplicate
    private RoomState? _allowedBy;

    public static ChatError NotStorable { get; } = new(ErrorCode.BadRequest, "This cannot be stored: its user or its room is gone.");

    public Room Room { get; } = room;

    public CurrentUser Sender { get; } = sender;

    public EntryCommand Command { get; } = command;

    public string? ClientMessageId => Command.ClientMessageId;

    /// <summary>
    /// Why it must not be stored, where that is known already. The store still says whether it has it: then it is a duplicate, and no
    /// refusal.
    /// </summary>
    public ChatError? Refusal { get; private set; }

    public DraftEnd End { get; private set; }

    /// <summary>Its place in the room; 0 until it is stored.</summary>
    public long Seq { get; private set; }

    public Timestamp Timestamp { get; private set; }

    /// <summary>The message that the draft changes, as it is from then on. Null for a message, and until it is stored.</summary>
    public LoggedMessage? Changed { get; private set; }

    /// <summary>The room, as it is from then on. Null where the draft does not change it, and until it is stored.</summary>
    public RoomState? RoomAfter { get; private set; }

    /// <summary>What the entry says besides what it is about: a JSON object. Null where it says nothing.</summary>
    public byte[]? Data { get; private set; }

    /// <summary>The users that the command names, as the accounts have them.</summary>
    public IReadOnlyList<NamedUser> Named { get; init; } = [];

    /// <summary>Null without a listener.</summary>
    public MessageTrace? Trace { get; set; }

    public EntryKind Kind => Command.Kind;

    /// <summary>A message's text as it is stored: of a duplicate, that of the first time.</summary>
    public byte[] Text => _storedText ?? ((SendCommand)Command).Text;

    /// <summary>
    /// The entry is stored. Like its siblings called by the store inside its transaction: final only once the commit has succeeded.
    /// </summary>
    public void StoreAs(long seq, Timestamp timestamp) => EndAs(DraftEnd.Stored, seq, timestamp);

    /// <param name="changed">The message after it.</param>
    public void StoreAs(long seq, Timestamp timestamp, LoggedMessage changed)
    {
        StoreAs(seq, timestamp);
        Changed = changed;
    }

    /// <param name="change">What it makes of the room.</param>
    public void StoreAs(long seq, Timestamp timestamp, RoomChange change)
    {
        StoreAs(seq, timestamp);
        (RoomAfter, Data) = (change.After, change.Data);
    }

    /// <summary>The same <see cref="ClientMessageId"/> was stored before: nothing is now.</summary>
    /// <param name="text">Of a message: its text.</param>
    public void FoundAs(long seq, Timestamp timestamp, byte[]? text)
    {
        EndAs(DraftEnd.Duplicate, seq, timestamp);
        _storedText = text;
    }

    /// <summary>It was decided at a place and a moment, and is stored at others: what came first has moved it.</summary>
    /// <param name="behind">The room's newest entry when it was decided: what lies behind it has moved.</param>
    /// <param name="by">How many entries came first.</param>
    public void Move(long behind, long by, Timestamp decided, Timestamp stored)
    {
        if (Seq > behind)
            (Seq, Timestamp) = (Seq + by, stored);
        Changed = Changed?.Moved(behind, by, decided, stored);
    }

    /// <summary>The message is as it is wanted: nothing is stored.</summary>
    public void LeaveAs(long seq, Timestamp timestamp) => EndAs(DraftEnd.Unchanged, seq, timestamp);

    /// <summary>It is not stored, whatever becomes of its batch.</summary>
    public void RefuseAs(ChatError refusal)
    {
        EndAs(DraftEnd.Refused, seq: 0, default);
        Refusal = refusal;
    }

    /// <summary>Sends it to the store to be refused there, unless it was stored before: only then is "never stored" true.</summary>
    public void RefuseUnlessStored(ChatError refusal) => Refusal = refusal;

    /// <summary>The oldest entry that the sender may name.</summary>
    /// <param name="state">The room as it is.</param>
    public long FirstSeq(RoomState state) => Math.Max(Room.FirstSeq, state.FirstOf(Sender.Id));

    /// <summary>Whether the sender may do this, by the room as it is: at the draft's place in the log this binds.</summary>
    public ChatError? RefusedBy(RoomState state)
    {
        // A state never changes: between the two times that a draft is asked about it is another only where the room is.
        if (ReferenceEquals(state, _allowedBy))
            return null;
        var refusal = RoomRules.Check(state, Sender, MayWrite.ActionOf(Command));
        if (refusal is null)
            _allowedBy = state;
        return refusal;
    }

    /// <summary>
    /// Decides, in the log's order, what becomes of a draft that is about the room itself; it is told so unless it must be stored.
    /// </summary>
    /// <param name="state">The room as it is until then.</param>
    /// <param name="seq">Its place, if it is stored.</param>
    /// <param name="change">What is to be stored.</param>
    /// <returns>Whether it must be stored.</returns>
    public bool Takes(RoomState state, long seq, Timestamp now, LogRules rules, [NotNullWhen(true)] out RoomChange? change)
    {
        change = null;
        var decided = Command switch
        {
            MembersCommand members => RoomChange.Of(state, members, Sender, Named, seq, rules.MembersPerRoom),
            RoomCommand room => RoomChange.Of(state, room, Sender, seq),
            _ => throw new InvalidOperationException($"Nobody decides about {Kind}."),
        };
        if (decided is not { } outcome)
            LeaveAs(state.Version, now);
        else if (!outcome.TryGet(out change, out var refusal))
            RefuseAs(refusal);
        return change is not null;
    }

    /// <summary>
    /// Tells the sender, once, how it ended. Called on the delivery thread or by the sender's own call: it must not wait.
    /// </summary>
    /// <param name="refusal">Why nothing was stored, or null: then it is on disk.</param>
    public abstract void Complete(ChatError? refusal);

    /// <summary>Ends its way by what the store made of it.</summary>
    public void Complete() => Complete(Refusal is { } refusal && End == DraftEnd.Refused ? refusal with { Room = Room.Name } : null);

    /// <summary>Nothing was stored: its way ends here. The sender is told which room it was for.</summary>
    public void Refuse(ChatError refusal)
    {
        Trace?.End(refusal);
        Complete(refusal with { Room = Room.Name });
    }

    /// <summary>
    /// Writes what <see cref="Complete()"/> has left: a batch often holds several drafts of one connection, and they are answered
    /// together.
    /// </summary>
    public virtual void Flush()
    {
    }

    /// <summary>What readers are sent. The spans are valid as long as <paramref name="scratch"/> is not written to.</summary>
    /// <param name="scratch">At least <see cref="ScratchLength"/> bytes.</param>
    public virtual LogEntry ToEntry(Span<byte> scratch)
    {
        if (Kind == EntryKind.Message)
            return LogEntry.Of(ToMessage(scratch));
        var by = Encoding.UTF8.GetBytes(Sender.Username, scratch);
        return new LogEntry
        {
            Kind = Kind,
            Room = Room.Name,
            Seq = Seq,
            By = scratch[..by],
            Timestamp = Timestamp,
            Message = Changed is null ? default : Changed.ToMessage(Room),
            Data = Data,
        };
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

    /// <summary>
    /// Forgets what an earlier decision has made of it: a call that stores nothing is decided anew, and what did not come to be must not
    /// be taken for the room's state.
    /// </summary>
    private void EndAs(DraftEnd end, long seq, Timestamp timestamp)
    {
        (End, Seq, Timestamp) = (end, seq, timestamp);
        (Changed, RoomAfter, Data) = (null, null, null);
    }

    /// <summary>What the sender is answered.</summary>
    public StoredEntry ToStored() => new(
        Room.Name,
        Seq,
        Timestamp,
        (Command as ChangeCommand)?.Target ?? 0,
        Duplicate: End == DraftEnd.Duplicate,
        Unchanged: End == DraftEnd.Unchanged,
        _storedText);

    /// <summary>Bytes that the longest username and client_msg_id need: both are ASCII.</summary>
    public const int ScratchLength = Username.MaxLength + Protocol.ClientMessageId.MaxLength;
}

/// <summary>How a draft ended.</summary>
internal enum DraftEnd
{
    /// <summary>Not yet.</summary>
    None,

    /// <summary>It is an entry of the log.</summary>
    Stored,

    /// <summary>It was one already.</summary>
    Duplicate,

    /// <summary>There was nothing to do.</summary>
    Unchanged,

    /// <summary>It is none.</summary>
    Refused,
}
