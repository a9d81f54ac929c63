using Skald.Server.Rooms;

namespace Skald.Server.Delivery;

/// <summary>One reader in one room: a cursor, and nothing else. It costs the same however far back it is.</summary>
/// <param name="reader">Whose it is; its lock guards what can change here.</param>
/// <param name="dialect">What the reader understands.</param>
/// <param name="userId">Whose reading it is.</param>
internal sealed class Subscription(Outbound reader, Room room, Dialect dialect, long userId = 0)
{
    public Outbound Outbound => reader;

    public Room Room => room;

    public Dialect Dialect => dialect;

    public long UserId => userId;

    /// <summary>Where its reading ends, which its reader is then told; null while it lasts.</summary>
    public RoomExit? Exit { get; private set; }

    /// <summary>Set before the subscription is shown to the reader.</summary>
    public RoomFeed Feed { get; set; } = null!;

    /// <summary>
    /// Its index among the feed's subscribers. The feed's alone, under its lock: so that leaving costs the same however many are in the
    /// room.
    /// </summary>
    public int Slot { get; set; }

    /// <summary>The last message that was handed to the socket.</summary>
    public long Cursor { get; private set; }

    /// <summary>Whether it has reached the head once: before, it catches up from far; after, it may only fall back so far.</summary>
    public bool Live { get; private set; }

    /// <summary>False until the answer to the join is on its way, and again after a leave.</summary>
    public bool Active { get; set; }

    /// <summary>Bytes of frames before the cursor, in the feed's count; holds once <see cref="Live"/>.</summary>
    private long _offset;

    public void StartAt(long seq) => Cursor = seq;

    /// <summary>Frames up to a place in the feed were handed to the socket.</summary>
    public void MoveTo(Position end)
    {
        Cursor = end.Seq;
        _offset = end.Offset;
        Live |= Cursor >= Feed.Head.Seq;
    }

    /// <summary>Frames from the log were handed to the socket.</summary>
    public void MoveTo(long seq, int bytes)
    {
        Cursor = seq;
        _offset += bytes;
    }

    public bool IsBehind => Cursor < Math.Min(Feed.Head.Seq, Last);

    /// <summary>The last entry that it may be sent.</summary>
    public long Last => Exit?.Seq ?? long.MaxValue;

    /// <summary>Whether it has been sent all that it ever will be, but for the word that it has ended.</summary>
    public bool IsAtExit => Cursor >= Last;

    /// <summary>
    /// The entry by which its right to read was found: what has ended the same user's reading before that ended an earlier one. Set
    /// before its flow starts.
    /// </summary>
    public long GrantedBy { get; set; }

    /// <summary>
    /// The entries that it may be sent: where its reading ends among them, no further. Wherever they are read, by that the end is found.
    /// </summary>
    public EncodedBatch UpToExit(EncodedBatch batch)
    {
        foreach (var exit in batch.Exits)
        {
            if (exit.Seq <= GrantedBy || !exit.IsOf(userId))
                continue;
            Exit = exit;
            return batch.Until(exit.Seq);
        }

        return batch;
    }

    /// <summary>Notes that it has caught up, when it has.</summary>
    public void NoteHead()
    {
        var head = Feed.Head;
        if (Cursor < head.Seq || Live)
            return;
        Live = true;
        _offset = head.Offset;
    }

    /// <summary>Whether a live reader lets more wait than it may.</summary>
    public bool IsTooFarBehind(int messages, long bytes)
    {
        if (!Live)
            return false;
        var head = Feed.Head;
        return (messages > 0 && head.Seq - Cursor > messages) || (bytes > 0 && head.Offset - _offset > bytes);
    }
}
