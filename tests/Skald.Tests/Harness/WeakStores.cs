using System.Collections.Concurrent;
using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Operations;
using Skald.Server.Rooms;

namespace Skald.Tests.Harness;

/// <summary>A negative control: deduplication off. The store never learns the senders' names for their messages.</summary>
internal sealed class ForgetsNamesStore(IMessageStore store) : IMessageStore
{
    public string Epoch => store.Epoch;

    public async Task AppendAsync(IReadOnlyList<Draft> batch)
    {
        var nameless = batch.Select(draft => new Nameless(draft)).ToArray();
        await store.AppendAsync(nameless);
        for (var i = 0; i < batch.Count; i++)
            batch[i].StoreAs(nameless[i].Seq, nameless[i].Timestamp);
    }

    public Task ReadAsync(Room room, long first, long last, MessageVisitor visit) => store.ReadAsync(room, first, last, visit);

    private sealed class Nameless(Draft draft) : Draft(draft.Room, draft.Sender, draft.Text, null)
    {
        public override void Complete(ChatError? refusal)
        {
        }
    }
}

/// <summary>A negative control: the ack comes before the commit, as in a server that writes to disk behind its clients' backs.</summary>
internal sealed class AcksFirstStore : IMessageStore
{
    private readonly IMessageStore _store;
    private readonly ConcurrentDictionary<Room, long> _heads = new();
    private readonly ConcurrentQueue<IReadOnlyList<Draft>> _later = new();
    private readonly TimeProvider _clock;
    private readonly ITimer _timer;
    private Task _storing = Task.CompletedTask;

    public AcksFirstStore(IMessageStore store, TimeProvider clock)
    {
        (_store, _clock) = (store, clock);
        var pause = TimeSpan.FromMilliseconds(30);
        _timer = clock.CreateTimer(_ => Store(), null, pause, pause);
    }

    public string Epoch => _store.Epoch;

    public Task AppendAsync(IReadOnlyList<Draft> batch)
    {
        foreach (var draft in batch)
            draft.StoreAs(_heads.AddOrUpdate(draft.Room, room => room.LastSeq + 1, (_, head) => head + 1), Timestamp.From(_clock.GetUtcNow()));
        _later.Enqueue([.. batch]);
        return Task.CompletedTask;
    }

    public Task ReadAsync(Room room, long first, long last, MessageVisitor visit) => _store.ReadAsync(room, first, last, visit);

    private void Store()
    {
        GC.KeepAlive(_timer);
        if (!_storing.IsCompleted)
            return;
        var all = new List<Draft>();
        while (_later.TryDequeue(out var batch))
            all.AddRange(batch);
        if (all.Count > 0)
            _storing = _store.AppendAsync(all);
    }
}

/// <summary>A negative control: what the disk refuses is acked all the same.</summary>
internal sealed class SwallowsErrorsStore(IMessageStore store) : IMessageStore
{
    public string Epoch => store.Epoch;

    public async Task AppendAsync(IReadOnlyList<Draft> batch)
    {
        try
        {
            await store.AppendAsync(batch);
        }
        catch (StorageException)
        {
            for (var i = 0; i < batch.Count; i++)
                batch[i].StoreAs(batch[i].Room.LastSeq + 1 + i, default);
        }
    }

    public Task ReadAsync(Room room, long first, long last, MessageVisitor visit) => store.ReadAsync(room, first, last, visit);
}

/// <summary>A negative control: what comes together is stored back to front, as where several writers race for their places.</summary>
internal sealed class BackwardsStore(IMessageStore store) : IMessageStore
{
    public string Epoch => store.Epoch;

    public Task AppendAsync(IReadOnlyList<Draft> batch) => store.AppendAsync([.. batch.Reverse()]);

    public Task ReadAsync(Room room, long first, long last, MessageVisitor visit) => store.ReadAsync(room, first, last, visit);
}
