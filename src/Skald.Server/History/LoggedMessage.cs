using Skald.Protocol;
using Skald.Server.Rooms;

namespace Skald.Server.History;

/// <summary>A message that is to be changed: the store reads it inside its transaction, and writes it as it is from then on.</summary>
internal sealed record LoggedMessage(long Seq, long UserId, byte[] Username, byte[] Text, Timestamp Timestamp, byte[] ClientMessageId)
{
    public static ChatError NotFound { get; } = new(
        ErrorCode.MessageNotFound, "There is no message of this seq here: it never was one, or is no longer kept.");
    public static ChatError NotTheirs { get; } = new(ErrorCode.Forbidden, "Only who wrote a message may change it.");
    public static ChatError Gone { get; } = new(ErrorCode.MessageDeleted, "The message is deleted, and stays so.");
    public static ChatError Conflict { get; } = new(
        ErrorCode.EditConflict, "The message has another text by now: see \"now\", and edit that.");

    /// <summary>The last entry that changed it; its own <see cref="Seq"/> while none has.</summary>
    public long Version { get; init; } = Seq;

    /// <summary>The entry that gave it its text; 0 where it is the first.</summary>
    public long TextVersion { get; init; }

    public Timestamp EditedAt { get; init; }

    private bool IsEdited => TextVersion > 0;

    /// <summary>The entry that gave it its text, its own where none did: what <c>if_version</c> is held against.</summary>
    private long TextSeq => IsEdited ? TextVersion : Seq;

    /// <summary>Empty while it is not deleted.</summary>
    public byte[] DeletedBy { get; init; } = [];

    public Timestamp DeletedAt { get; init; }

    /// <param name="message">As it is read; copied.</param>
    public static LoggedMessage Of(in ChatMessage message, long userId) => new(
        message.Seq, userId, message.Username.ToArray(), message.Text.ToArray(), message.Timestamp, message.ClientMessageId.ToArray())
    {
        Version = message.Version,
        TextVersion = message.TextVersion,
        EditedAt = message.EditedAt,
        DeletedBy = message.DeletedBy.ToArray(),
        DeletedAt = message.DeletedAt,
    };

    /// <summary>
    /// Decides, in the log's order, what becomes of a draft that is about this message; it is told so unless it must be stored.
    /// </summary>
    /// <param name="draft">An edit or a delete.</param>
    /// <param name="message">What it is about; null where there is none.</param>
    /// <param name="room">The room as it is.</param>
    /// <param name="now">When it is stored.</param>
    /// <returns>Whether it must be stored.</returns>
    public static bool Takes(LoggedMessage? message, Draft draft, RoomState room, Timestamp now, LogRules rules)
    {
        if (draft.RefusedBy(room) is { } refusal)
            draft.RefuseAs(refusal);
        else if (message is null)
            draft.RefuseAs(NotFound);
        else if (message.UserId != draft.Sender.Id
            && (draft.Command is not DeleteCommand || RoomRules.Check(room, draft.Sender, RoomAction.DeleteAny) is not null))
            draft.RefuseAs(NotTheirs);
        else if (draft.Command is EditCommand edit)
            return message.TakesEdit(draft, edit, now, rules);
        else if (message.DeletedBy.Length > 0)
            draft.LeaveAs(message.Version, message.DeletedAt);
        else
            return true;
        return false;
    }

    /// <summary>The message with the draft's change, which the log stores as this entry.</summary>
    public LoggedMessage With(Draft draft, long seq, Timestamp now) => draft.Command switch
    {
        EditCommand edit => this with { Text = edit.Text, Version = seq, TextVersion = seq, EditedAt = now },
        _ => this with { Text = [], Version = seq, DeletedBy = System.Text.Encoding.UTF8.GetBytes(draft.Sender.Username), DeletedAt = now },
    };

    /// <inheritdoc cref="Draft.Move"/>
    public LoggedMessage Moved(long behind, long by, Timestamp decided, Timestamp stored) => this with
    {
        Seq = Seq > behind ? Seq + by : Seq,
        Timestamp = Seq > behind ? stored : Timestamp,
        Version = Version > behind ? Version + by : Version,
        TextVersion = TextVersion > behind ? TextVersion + by : TextVersion,
        EditedAt = EditedAt == decided ? stored : EditedAt,
        DeletedAt = DeletedAt == decided ? stored : DeletedAt,
    };

    public ChatMessage ToMessage(Room room) => new()
    {
        Room = room.Name,
        Seq = Seq,
        Username = Username,
        Text = Text,
        Timestamp = Timestamp,
        ClientMessageId = ClientMessageId,
        Version = Version,
        TextVersion = TextVersion,
        EditedAt = EditedAt,
        DeletedBy = DeletedBy,
        DeletedAt = DeletedAt,
    };

    private bool TakesEdit(Draft draft, EditCommand edit, Timestamp now, LogRules rules)
    {
        if (DeletedBy.Length > 0)
            draft.RefuseAs(Gone);
        else if (rules.EditWindow > TimeSpan.Zero && now.ToDateTimeOffset() - Timestamp.ToDateTimeOffset() > rules.EditWindow)
            draft.RefuseAs(new ChatError(
                ErrorCode.Forbidden, $"A message may be edited for {rules.EditWindow:c} after it was sent (Rooms:EditWindow)."));
        else if (edit.IfVersion is { } seen && seen != TextSeq)
            draft.RefuseAs(Conflict with { Now = Json(draft.Room) });
        else if (Text.AsSpan().SequenceEqual(edit.Text))
            draft.LeaveAs(TextSeq, IsEdited ? EditedAt : Timestamp);
        else
            return true;
        return false;
    }

    private byte[] Json(Room room)
    {
        var json = new System.Buffers.ArrayBufferWriter<byte>();
        using var writer = new FrameWriter(json);
        ToMessage(room).WriteTo(writer);
        return json.WrittenSpan.ToArray();
    }
}
