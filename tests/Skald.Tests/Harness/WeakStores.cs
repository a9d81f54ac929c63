using System.Text;
using Skald.Protocol;
using Skald.Server.Database;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Tests.Harness;

/// <summary>A negative control: deduplication off. The store never learns the senders' names for their messages.</summary>
internal sealed class ForgetsNamesStore(IMessageStore store) : StoreBehind(store)
{
    public override async Task AppendAsync(Batch batch)
    {
        var nameless = batch
            .Select(draft => new TestDraft(draft.Room, draft.Sender,
                new SendCommand(default, draft.Room.Name, draft.Text, ClientMessageId: null), _ => { }))
            .ToArray();
        await Store.AppendAsync(new Batch(nameless));
        for (var i = 0; i < batch.Count; i++)
            batch[i].StoreAs(nameless[i].Seq, nameless[i].Timestamp);
    }
}

/// <summary>A negative control: the ack comes before the commit, as in a server that writes to disk behind its clients' backs.</summary>
internal sealed class AcksFirstStore(IMessageStore store, TimeProvider clock) : StoreBehind(store)
{
    /// <summary>
    /// Messages that are always in memory only: more than all senders have under way, so that whenever it dies, some of them were
    /// acked.
    /// </summary>
    private const int Behind = 200;

    private readonly Dictionary<Room, long> _heads = [];
    private readonly List<Draft> _later = [];

    public override async Task AppendAsync(Batch batch)
    {
        foreach (var draft in batch)
        {
            var seq = _heads.GetValueOrDefault(draft.Room, draft.Room.LastSeq) + 1;
            _heads[draft.Room] = seq;
            draft.StoreAs(seq, Timestamp.From(clock.GetUtcNow()));
        }

        _later.AddRange(batch);
        if (_later.Count < 2 * Behind)
            return;
        var now = _later[..^Behind];
        _later.RemoveRange(0, now.Count);
        await Store.AppendAsync(new Batch(now));
    }
}

/// <summary>A negative control: what the disk refuses is acked all the same.</summary>
internal sealed class SwallowsErrorsStore(IMessageStore store) : StoreBehind(store)
{
    public override async Task AppendAsync(Batch batch)
    {
        try
        {
            await Store.AppendAsync(batch);
        }
        catch (StorageException)
        {
            for (var i = 0; i < batch.Count; i++)
                batch[i].StoreAs(batch[i].Room.LastSeq + 1 + i, default);
        }
    }
}

/// <summary>A negative control: what comes together is stored back to front, as where several writers race for their places.</summary>
internal sealed class BackwardsStore(IMessageStore store) : StoreBehind(store)
{
    public override Task AppendAsync(Batch batch) => Store.AppendAsync(new Batch(batch.Reverse()));
}

/// <summary>A negative control: who is removed from a room is no member any more, but no entry says that they read no further.</summary>
internal sealed class ForgetsEndsStore(IMessageStore store) : StoreBehind(store)
{
    private static byte[] WithoutEnd(byte[] data) =>
        Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(data).Replace(",\"ended\":true", "", StringComparison.Ordinal));

    public override async Task AppendAsync(Batch batch)
    {
        await Store.AppendAsync(batch);
        foreach (var draft in batch)
        {
            if (draft is { End: DraftEnd.Stored, RoomAfter: { } after, Data: { } data })
                draft.StoreAs(draft.Seq, draft.Timestamp, new RoomChange(after, [], WithoutEnd(data)));
        }
    }
}
